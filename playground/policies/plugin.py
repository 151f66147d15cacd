"""The policies as one admission plug-in: which writes each of them sees, and how a verdict is told to the user.

What a policy decides stands in its own module.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from playground.apiserver.admission import Attempt, Denial
from playground.apiserver.store import Store, Stored
from playground.policies import (
    hold,
    hold_guard,
    hold_notice,
    ownership,
    pin,
    pin_notice,
    release_writers,
    requested_by,
    train_writers,
)
from playground.policies.installation import GROUP, Bound, bound
from playground.policies.write import PIN, RELEASE, Object, Write, labels

Mutation = Callable[[Write], Object]
Validation = Callable[[Write, Bound], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a policy sees: writes on these resources, with this label on the object before or after ("": without asking).

    `ours`: only the controller's (True), or only those of others (False).
    """

    resources: tuple[str, ...]
    label: str = ""
    operations: tuple[str, ...] = ("UPDATE",)
    ours: bool | None = None


_DEPLOYMENTS = Seen(resources=("deployments.apps",), label=RELEASE)
_RELEASES = Seen(resources=("releases.release-coordinator.io",), operations=("CREATE", "UPDATE"), ours=False)
_TRAINS = replace(_RELEASES, resources=("releasetrains.release-coordinator.io",))

MUTATIONS: Mapping[str, tuple[Seen, Mutation]] = {
    "hold": (_DEPLOYMENTS, hold.mutate),
    "ownership": (
        Seen(
            resources=("deployments.apps", "services", "configmaps", "featureflags.core.openfeature.dev",
                       "httproutes.gateway.networking.k8s.io", "traefikservices.traefik.io"),
            ours=True,
        ),
        ownership.mutate,
    ),
    "pin": (Seen(resources=("services", "services/status"), label=PIN, ours=False), pin.mutate),
    "requested-by": (replace(_RELEASES, resources=(*_RELEASES.resources, *_TRAINS.resources)), requested_by.mutate),
}
DENIALS: Mapping[str, tuple[Seen, Validation]] = {
    "hold-guard": (_DEPLOYMENTS, lambda write, policy: hold_guard.refusals(write, policy.policy.removesuffix("-guard"))),
    "release-writers": (_RELEASES, lambda write, _: release_writers.refusals(write)),
    "train-writers": (_TRAINS, lambda write, _: train_writers.refusals(write)),
}
WARNINGS: Mapping[str, tuple[Seen, Validation]] = {
    "hold-notice": (
        Seen(resources=("deployments.apps",), label=RELEASE, ours=False),
        lambda write, _: hold_notice.notices(write),
    ),
    "pin-notice": (Seen(resources=("services",), label=PIN, ours=False), lambda write, _: pin_notice.notices(write)),
}


class Policies:
    """Acts for each policy object that has a built-in effect, as long as it and its binding exist."""

    def __init__(self, store: Store) -> None:
        """`store` is asked for the policies and bindings at each write that one of them might see."""
        self._store = store
        self._bound: dict[tuple[str, str], tuple[Sequence[Stored], Sequence[Stored], tuple[Bound, ...]]] = {}

    def mutate(self, attempt: Attempt) -> Object | None:
        """The changed object, or None."""
        present: Object | None = None
        for effect, (seen, mutation) in MUTATIONS.items():
            for _, write in self._acting(attempt, "mutating", effect, seen) if _sees(seen, attempt) else ():
                present = mutation(replace(write, object=present or write.object))
        return present

    def validate(self, attempt: Attempt) -> Denial | None:
        """The first refusal; warnings are left with the attempt."""
        for effect, (seen, validation) in WARNINGS.items():
            for policy, write in self._acting(attempt, "validating", effect, seen) if _sees(seen, attempt) else ():
                where = f"ValidatingAdmissionPolicy '{policy.policy}' with binding '{policy.binding}'"
                attempt.warnings.extend(f"Validation failed for {where}: {said}" for said in validation(write, policy))
        for effect, (seen, validation) in DENIALS.items():
            for policy, write in self._acting(attempt, "validating", effect, seen) if _sees(seen, attempt) else ():
                where = f"ValidatingAdmissionPolicy '{policy.policy}' with binding '{policy.binding}'"
                for said in validation(write, policy):
                    return Denial(message=f"{where} denied request: {said}", code=403, reason="Forbidden")
        return None

    def _acting(self, attempt: Attempt, kind: str, effect: str, seen: Seen) -> Iterator[tuple[Bound, Write]]:
        for policy in self._bound_in(kind, attempt.namespace):
            if policy.effect != effect:
                continue
            write = _write(attempt, policy)
            if seen.ours in (None, write.ours):
                yield policy, write

    def _bound_in(self, kind: str, namespace: str) -> tuple[Bound, ...]:
        """Read once for each state of the policies: they change less often than all that they see."""
        policies, bindings = (
            self._store.collection(GROUP, f"{kind}admission{part}").within() for part in ("policies", "policybindings")
        )
        known = self._bound.get((kind, namespace))
        if known is None or known[0] is not policies or known[1] is not bindings:
            found = tuple(bound((one.obj for one in policies), (one.obj for one in bindings), namespace))
            known = self._bound[kind, namespace] = policies, bindings, found
        return known[2]


def _sees(seen: Seen, attempt: Attempt) -> bool:
    resource = f"{attempt.resource}/{attempt.subresource}" if attempt.subresource else attempt.resource
    if resource not in seen.resources or attempt.operation not in seen.operations:
        return False
    return not seen.label or seen.label in labels(attempt.object) or seen.label in labels(attempt.old)


def _write(attempt: Attempt, policy: Bound) -> Write:
    assert attempt.object is not None  # No policy sees a deletion.
    return Write(
        object=attempt.object,
        old=attempt.old,
        namespace=attempt.namespace,
        name=attempt.name or attempt.object["metadata"].get("name", ""),
        user=attempt.user.name,
        ours=attempt.user.name == policy.controller,
        break_glass_group=policy.break_glass_group,
        breaks_glass=bool(policy.break_glass_group) and policy.break_glass_group in attempt.user.groups,
        field_manager=attempt.field_manager,
        may=attempt.authorized,
    )
