"""The policy objects that stand for the chart's: what is there to be seen, and for whom the built-in effects act.

The objects hold no CEL. An annotation names the built-in effect, two more its parameters, so that several installations can
stand side by side as with the chart. Deciding on a write does not belong here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from playground.apiserver.objects import Object

GROUP = "admissionregistration.k8s.io"
_PREFIX = "playground.release-coordinator.io/"
_EFFECT, _CONTROLLER, _BREAK_GLASS = _PREFIX + "effect", _PREFIX + "controller", _PREFIX + "break-glass"
_DESCRIPTION = "The playground evaluates no CEL. What this policy of the chart does is built in, while it and its binding exist."
MUTATING = ("hold", "ownership", "pin", "requested-by")
DENYING = ("hold-guard", "release-writers", "train-writers")
WARNING = ("hold-notice", "pin-notice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One installation of the chart: the values that its policies depend on."""

    name: str = "release-coordinator"
    """The chart's full name, the first part of the policies' names."""
    namespace: str = "release-coordinator"
    service_account: str = "release-coordinator"
    break_glass_group: str = "release-coordinator:break-glass"
    watch_namespaces: tuple[str, ...] = ()
    """Where the policies are bound; empty: everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A policy that acts: its name, its binding's, the effect it stands for, and for whom."""

    policy: str
    binding: str
    effect: str
    controller: str
    break_glass_group: str


def objects(installation: Installation) -> list[Object]:
    """Policies and bindings, as manifests to be created."""
    made = []
    for effect in (*MUTATING, *DENYING, *WARNING):
        kind = "MutatingAdmissionPolicy" if effect in MUTATING else "ValidatingAdmissionPolicy"
        name = f"{installation.name}-{effect}"
        made.append(_manifest(kind, name, _annotations(installation, effect), _spec(effect)))
        made.append(_manifest(f"{kind}Binding", name, {}, _binding(installation, name, effect)))
    return made


def bound(policies: Iterable[Object], bindings: Iterable[Object], namespace: str) -> Iterable[Bound]:
    """The policies with a built-in effect that are bound in this namespace, in the order of `bindings`."""
    known = {policy["metadata"]["name"]: policy["metadata"].get("annotations") or {} for policy in policies}
    for binding in bindings:
        spec = binding.get("spec") or {}
        annotations = known.get(spec.get("policyName", ""), {})
        if _EFFECT in annotations and _covers(spec, namespace):
            yield Bound(
                policy=spec["policyName"],
                binding=binding["metadata"]["name"],
                effect=annotations[_EFFECT],
                controller=annotations.get(_CONTROLLER, ""),
                break_glass_group=annotations.get(_BREAK_GLASS, ""),
            )


def _annotations(installation: Installation, effect: str) -> dict[str, str]:
    controller = f"system:serviceaccount:{installation.namespace}:{installation.service_account}"
    return {"kubernetes.io/description": _DESCRIPTION, _EFFECT: effect, _CONTROLLER: controller,
            _BREAK_GLASS: installation.break_glass_group}  # fmt: skip


def _manifest(kind: str, name: str, annotations: Mapping[str, str], spec: Object) -> Object:
    metadata: Object = {"name": name} | ({"annotations": dict(annotations)} if annotations else {})
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, "spec": spec}


_DEPLOYMENTS, _OURS = (("apps", ["deployments"]),), "release-coordinator.io"
_RESOURCES: Mapping[str, Iterable[tuple[str, list[str]]]] = {
    "hold": _DEPLOYMENTS, "hold-guard": _DEPLOYMENTS, "hold-notice": _DEPLOYMENTS,
    "ownership": (*_DEPLOYMENTS, ("", ["services", "configmaps"]), ("core.openfeature.dev", ["featureflags"]),
                  ("gateway.networking.k8s.io", ["httproutes"]), ("traefik.io", ["traefikservices"])),
    "pin": (("", ["services", "services/status"]),), "pin-notice": (("", ["services"]),),
    "release-writers": ((_OURS, ["releases"]),), "train-writers": ((_OURS, ["releasetrains"]),),
    "requested-by": ((_OURS, ["releases", "releasetrains"]),),
}  # fmt: skip


def _spec(effect: str) -> Object:
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "apiVersions": ["*"] if group == _OURS else ["v1"], "resources": resources,
         "operations": ["CREATE", "UPDATE"] if group == _OURS else ["UPDATE"]}
        for group, resources in _RESOURCES[effect]
    ]  # fmt: skip
    failure = "Ignore" if effect in (*WARNING, "ownership") else "Fail"
    spec: Object = {"failurePolicy": failure, "matchConstraints": {"resourceRules": rules}}
    return spec | ({"reinvocationPolicy": "IfNeeded"} if effect in MUTATING else {})


def _binding(installation: Installation, policy: str, effect: str) -> Object:
    spec: Object = {"policyName": policy}
    if effect not in MUTATING:
        spec["validationActions"] = ["Warn" if effect in WARNING else "Deny"]
    if installation.watch_namespaces:
        chosen = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(installation.watch_namespaces)}
        spec["matchResources"] = {"namespaceSelector": {"matchExpressions": [chosen]}}
    return spec


def _covers(binding: Mapping[str, Any], namespace: str) -> bool:
    """Namespaces are chosen by name, as the chart does; of another selector we know nothing."""
    chosen = ((binding.get("matchResources") or {}).get("namespaceSelector") or {}).get("matchExpressions") or []
    return all(namespace in (expression.get("values") or ()) for expression in chosen)
