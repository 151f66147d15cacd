"""Changes of a shop to be judged: two templates, a spec, a past. Everything has a default of which nothing is to be said."""

from datetime import UTC, date, datetime
from typing import Any

from strategies.review.contracts import Compared
from strategies.review.judge import examine
from strategies.review.subject import Subject
from strategies.spec.release import ReleaseSpec
from strategies.spec.review import Check, Danger, Item, Review
from strategies.spec.status import Kind, Outcome, Past, Revision

Object = dict[str, Any]
TODAY = date(2026, 11, 30)
READY = {"httpGet": {"path": "/healthz", "port": "http"}}
PORT = {"name": "http", "containerPort": 8080}
GATE = {"name": "errors", "threshold": {"query": "errors", "max": 0.1}}
PLAN = "Traffic returns to the former ReplicaSet, which stays warm for 5 minutes."
FEATURE = {
    "kind": "Feature", "changelog": "CHANGELOG.md#240", "stakeholders": ["payments-team"], "flags": ["new-checkout"],
}  # fmt: skip
"""A declaration that leaves nothing open."""


def template(image: str = "shop:2.3.1", **container: Any) -> Object:
    """A pod template with one container."""
    app = {"name": "app", "image": image, "ports": [PORT], "readinessProbe": READY, **container}
    return {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [app]}}


def pod(**spec: Any) -> Object:
    """A pod template of version 2.4.0 with more in its spec."""
    made = template("shop:2.4.0")
    return {**made, "spec": {**made["spec"], **spec}}


def migration(name: str = "add-column", *, reversible: bool = True, compatible: bool = True) -> Object:
    """A declared migration."""
    return {"name": name, "reversible": reversible, "backwardCompatible": compatible}


def past(outcome: Outcome, kind: Kind = Kind.RELEASE) -> Past:
    """A former trial."""
    then = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    revision = Revision(hash="7-abc", replica_set="shop-7-abc", digest="d", generation=1)
    return Past(revision=revision, kind=kind, outcome=outcome, started=then, ended=then)


WENT_BACK = (past(Outcome.COMPLETED), past(Outcome.ABORTED))


def subject(
    new: Any = None, change: Object | None = FEATURE, *, old: Any = None, versions: tuple[str | None, str | None] | None = None,
    history: tuple[Past, ...] | None = WENT_BACK, contracts: tuple[Compared, ...] | None = None, **spec: Any
) -> Subject:  # fmt: skip
    """A change from 2.3.1 to 2.4.0, canary with a gate and a plan; `spec` replaces its parts."""
    kind = spec.get("strategy", {}).get("type", "Auto")
    way_back = {"plan": PLAN, "rehearse": kind in ("Auto", "Canary")}
    parts = {"workloadRef": {"name": "shop"}, "gates": [GATE], "rollback": way_back, "strategy": {"type": kind}, **spec}
    return Subject(
        name="shop",
        spec=ReleaseSpec.model_validate({**parts, **({"change": change} if change else {})}),
        old=template() if old is None else old,
        new=template("shop:2.4.0") if new is None else new,
        old_version=(versions or ("2.3.1", "2.4.0"))[0],
        new_version=(versions or ("2.3.1", "2.4.0"))[1],
        replicas=10,
        recreate=False,
        services=("shop",),
        autoscaled=False,
        history=history,
        contracts=contracts,
    )


def review(*given: Any, **more: Any) -> Review:
    """The review of such a change."""
    return examine(subject(*given, **more))[1]


def item(made: Review, name: Check) -> Item:
    """One item of the checklist."""
    return next(each for each in made.checklist if each.name is name)


def flags(made: Review) -> set[Danger]:
    """The names of the red flags."""
    return {flag.name for flag in made.red_flags}
