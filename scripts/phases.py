"""Draws docs/phases.md from the table of phases, so that the page cannot say something else than the code.

Run by `make docs`; tests/test_docs.py fails when the page is not in step. No text about a single transition belongs here:
what leads where stands in strategies/rollout/phases.py.
"""

from pathlib import Path

from strategies.rollout.phases import ANYWHERE, MOVING, TRANSITIONS
from strategies.spec.phase import Phase
from strategies.spec.reason import SENTENCES

PAGE = Path(__file__).parents[1] / "docs" / "phases.md"
_MEANING = {
    Phase.INITIALIZING: "The Release looks at its Deployment: which revision do users have, and are changes held?",
    Phase.HEALTHY: "At rest. Kubernetes runs the Deployment; a change will be held.",
    Phase.BLOCKED: "A change is held and may not start; the message says why and what to do.",
    Phase.PROGRESSING: "A candidate is on its way through the steps.",
    Phase.WAITING: "The step's time is over, but a gate cannot tell yet; or the Deployment has no replicas.",
    Phase.PAUSED: "A person has stopped the release, or gates could not tell for longer than `maxInconclusive`.",
    Phase.AWAITING_APPROVAL: "The step has passed its gates and waits for `promote: step`.",
    Phase.BAKING: "The candidate has all traffic; the former revision is warm.",
    Phase.COMPLETING: "The candidate is stable now; the former revision goes and Kubernetes gets the Deployment back.",
    Phase.ROLLING_BACK: "Traffic returns to stable, then the candidate's pods go.",
    Phase.ROLLED_BACK: "Users have stable; the rejected template stays held.",
    Phase.INVALID: "The spec cannot be carried out; the message names the field.",
    Phase.WORKLOAD_MISSING: "The Deployment does not exist.",
}


def page() -> str:
    """The whole page."""
    rows = "\n".join(f"| `{phase}` | {'yes' if phase in MOVING else ''} | {_MEANING[phase]} |" for phase in Phase)
    anywhere = "\n".join(f"| {SENTENCES[reason]} | `{reason}` | `{phase}` |" for reason, phase in ANYWHERE.items())
    return f"""<!-- Drawn by `make docs` from strategies/rollout/phases.py; do not edit. -->
# Phases

The phase is what `kubectl get releases` shows. It follows from what was committed; the [conditions](concepts.md#conditions)
say more.

| Phase | On trial | Meaning |
|---|---|---|
{rows}

```mermaid
{diagram()}
```

What people do to a Deployment or a Release does not wait for a phase. From wherever a Release is:

| What happened | Reason | Leads to |
|---|---|---|
{anywhere}
"""


def diagram() -> str:
    """The table as a Mermaid state diagram; what leads from one phase to the same other stands on one arrow."""
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for old, ways in TRANSITIONS.items():
        for what, new in ways.items():
            arrows.setdefault((old, new), []).append(what)
    lines = [f"    {old} --> {new}: {' / '.join(what)}" for (old, new), what in arrows.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {Phase.INITIALIZING}", *lines])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
