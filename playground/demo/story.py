"""The acts: what is done, what the product promises of it, and whether it was kept. Each promise can be broken."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from playground.demo.stage import EXAMPLES, Stage

_CANARY = {
    "type": "Canary",
    "canary": {
        "steps": [
            {"weight": 5, "duration": "3s"},
            {"weight": 25, "duration": "3s"},
            {"weight": 100},
        ]
    },
}
_BLUE_GREEN = {"type": "BlueGreen", "blueGreen": {"previewDuration": "2s", "approval": True}}
_WARM = {"plan": "Traffic returns to the former ReplicaSet, which stays warm.", "warm": {"for": "2s"}}
_QUERY = """
(sum(rate(http_requests_total{pod=~"$candidate_pods", code=~"5.."}[$window])) or vector(0))
  / sum(rate(http_requests_total{pod=~"$candidate_pods"}[$window]))
"""
_ERRORS = {
    "name": "errors",
    "threshold": {"source": "default", "query": _QUERY, "max": 0.05, "interval": "1s", "window": "3s", "failures": 2},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the product promises, what was measured, and whether that keeps it."""

    claim: str
    measured: str
    kept: bool


Tell = Callable[[str], None]
Act = Callable[[Stage, Tell], Iterator[Promise]]


def good_canary(stage: Stage, tell: Tell) -> Iterator[Promise]:
    """A good version goes through 5, 25 and 100 %."""
    stage.apply(EXAMPLES / "01-canary" / "shop.yaml")
    stage.wait(lambda: len(stage.pods()) == 4 and stage.images and stage.users().requests, 20, "a shop with users")
    tell("kubectl apply -f shop.yaml -f release.yaml    a Deployment as teams have it, and one Release beside it")
    stable = set(stage.pods())
    stage.apply(EXAMPLES / "01-canary" / "release.yaml", strategy=_CANARY, gates=[_ERRORS], rollback=_WARM)
    stage.wait_for_phase("Healthy")
    yield Promise(
        claim="taken under a Release without restarting a pod",
        measured=f"{len(stable & set(stage.pods()))} of 4 pods are the same",
        kept=stable == set(stage.pods()),
    )
    stage.ship("2")
    tell("kubectl set image deployment/shop shop=shop:2    held by the API server: no pod of it starts ungated")
    for share in (5, 25):
        stage.wait_for_share(share)
        tell(f"step {share}%: {stage.status['message']}")
    stage.wait_for_phase("Baking")
    tell("all traffic; the former pods stay warm while the gates look on")
    ended = stage.wait_for_end(1)
    tell(f"{ended['outcome']}: the Deployment is a plain Deployment again")
    seen = stage.seen()
    shares = [share for _, share in stage.route]
    yield Promise(
        claim="5 → 25 → 100 %, each step gated",
        measured=" → ".join(f"{s}%" for s in shares if s),
        kept=ended["outcome"] == "Completed" and shares[-4:] == [5, 25, 100, 0],
    )
    yield Promise(claim="no user notices", measured=f"{seen.errors} of {seen.requests:,} requests failed", kept=seen.errors == 0)


def bad_canary(stage: Stage, tell: Tell) -> Iterator[Promise]:
    """A bad version is caught at 5 % and rolled back by itself."""
    trials = len(stage.status["history"])
    stable = set(stage.pods())
    stage.ship("3-errors50")
    tell("kubectl set image deployment/shop shop=shop:3-errors50    half of its answers are errors")
    stage.wait_for_share(5)
    shown = stage.route[-1][0]
    ended = stage.wait_for_end(trials + 1)
    tell(stage.status["message"])
    took = stage.route[-1][0] - shown
    seen = stage.seen()
    yield Promise(
        claim="rolled back by itself",
        measured=f"{ended['outcome']}, {took:.1f} s after its first traffic",
        kept=ended["outcome"] == "Rejected" and stage.route[-1][1] == 0,
    )
    share = seen.errors / max(1, seen.requests)
    yield Promise(
        claim="at most 5 % of the users meet it, and only until then",
        measured=f"{seen.errors} of {seen.requests:,} requests failed ({share:.1%})",
        kept=0 < share < 0.05,
    )
    yield Promise(
        claim="stable's pods never noticed",
        measured=f"{len(stable & set(stage.pods()))} of {len(stable)} are the same",
        kept=stable == set(stage.pods()),
    )


def by_hand(stage: Stage, tell: Tell) -> Iterator[Promise]:
    """A person rolls back with one annotation."""
    trials = len(stage.status["history"])
    stage.ship("4")
    stage.wait_for_share(25)
    tell("step 25%, and somebody does not like what they see:")
    asked = stage.annotate("rollback", "previous")
    tell("kubectl annotate release shop release-coordinator.io/rollback=previous")
    stage.wait(lambda: stage.route[-1][1] == 0, 10, "all traffic on stable")
    took = stage.route[-1][0] - asked
    ended = stage.wait_for_end(trials + 1)
    tell(stage.status["message"])
    seen = stage.seen()
    yield Promise(
        claim="one annotation takes all traffic back within a second",
        measured=f"{took * 1000:.0f} ms; {ended['outcome']}; {seen.errors} of {seen.requests:,} requests failed",
        kept=took <= 1 and seen.errors == 0,
    )


def blue_green(stage: Stage, tell: Tell) -> Iterator[Promise]:
    """Green is looked at without users, then everything switches at once."""
    stage.apply(EXAMPLES / "02-blue-green" / "shop.yaml")
    stage.wait(lambda: len(stage.pods()) == 3 and stage.images and stage.users().requests, 20, "a second shop with users")
    stage.apply(EXAMPLES / "02-blue-green" / "release.yaml", strategy=_BLUE_GREEN, rollback=_WARM)
    stage.wait_for_phase("Healthy")
    blue = set(stage.pods())
    stage.ship("2")
    tell("green starts at full size beside blue; testers reach it behind Service shop-candidate")
    stage.wait_for_phase("AwaitingApproval")
    at_preview = stage.seen()
    green = set(stage.pods()) - blue
    tell("kubectl annotate release shop release-coordinator.io/promote=step    a person says go")
    stage.annotate("promote", "step")
    ended = stage.wait_for_end(1)
    seen = stage.seen()
    mixed = [images for _, images in stage.images if len(images) > 1]
    yield Promise(
        claim="green is whole before a user reaches it",
        measured=f"{len(green)} pods, {at_preview.by_version.get('2', 0)} requests",
        kept=len(green) == 3 and at_preview.by_version.get("2", 0) == 0,
    )
    yield Promise(
        claim="the switch is at once, and loses nobody",
        measured=f"the Service never had both ({len(mixed)} times mixed); "
        f"{seen.errors} of {seen.requests:,} requests failed; {ended['outcome']}",
        kept=not mixed and seen.errors == 0 and ended["outcome"] == "Completed",
    )
    yield Promise(claim="what ran on trial is what users have", measured="the same pods", kept=green == set(stage.pods()))


STORY: Sequence[tuple[str, str, Act]] = (
    ("canary", "First", good_canary),
    ("canary", "Second", bad_canary),
    ("canary", "Third", by_hand),
    ("blue-green", "Fourth", blue_green),
)
"""Namespace, title, act."""
