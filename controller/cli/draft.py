"""The text of a first Release for a Deployment, with comments that say what was found, what was guessed and what is missing.

Pure. The words about what keeps a release from starting are the controller's.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from controller.api.names import GROUP, VERSION
from controller.cli.obstacles import obstacles, pod_labels
from controller.cli.survey import Survey, name_of, sent_to
from strategies.rollout.plan import canary_pods, replica_share
from strategies.spec.metric_source import MetricSourceSpec
from strategies.spec.reason import Reason
from strategies.spec.release import ReleaseSpec, StrategyType

_WEIGHTS = (5, 25)
_VERSION_LABEL = "app.kubernetes.io/version"
_LONGEST_NAME = 63
_FEW = 4
"""Pods below which the smallest share that a canary without a router can have is more than a fifth of the users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A Release's manifest, and what is in the way of its releases now."""

    text: str
    obstacles: list[tuple[Reason, str]]


def choose(survey: Survey, *, routed: bool) -> StrategyType:
    """The strategy that fits what was found."""
    if survey.recreate:
        return StrategyType.BLUE_GREEN
    if not survey.services:
        return StrategyType.ROLLING
    return StrategyType.CANARY if routed or survey.replicas >= _FEW else StrategyType.BLUE_GREEN


def draft(survey: Survey, strategy: StrategyType, route: dict[str, Any] | None) -> Draft:
    """The manifest. `route` is the HTTPRoute to split, if any."""
    used = None if strategy is StrategyType.ROLLING else route
    lines = [
        f"apiVersion: {GROUP}/{VERSION}",
        "kind: Release",
        "metadata:",
        f"  name: {survey.name[:_LONGEST_NAME].rstrip('-.')}",
        f"  namespace: {survey.namespace}",
        "spec:",
        "  workloadRef:",
        f"    name: {survey.name}",
        *_version(survey),
        *_strategy(survey, strategy, routed=used is not None),
        *_traffic(survey, strategy, used),
        *_gates(survey),
        *_rollback(survey, strategy),
    ]
    body = "\n".join(lines) + "\n"
    spec = ReleaseSpec.model_validate(yaml.safe_load(body)["spec"])
    found = obstacles(spec, survey.deployment, services=survey.services, route=used, others=survey.others)
    return Draft(text="\n".join(_header(survey, [message for _, message in found])) + "\n" + body, obstacles=found)


def _header(survey: Survey, in_the_way: list[str]) -> list[str]:
    services = ", ".join(name_of(each) for each in survey.services)
    said = [
        f"Release of Deployment {survey.name}, written by `releasectl init`. Nothing was changed in the cluster.",
        f"Found in namespace {survey.namespace}: {survey.replicas} replicas; "
        + (f"Services on its pods: {services}." if services else "no Service on its pods."),
        *survey.unseen,
    ]
    if in_the_way:
        said += ["In the way of a release now:", *(f"- {message}" for message in in_the_way)]
    said += [f"Apply it with: kubectl -n {survey.namespace} apply -f FILE", "Every field: kubectl explain release.spec"]
    return [f"# {sentence}" for sentence in said]


def _version(survey: Survey) -> list[str]:
    if _VERSION_LABEL not in pod_labels(survey.deployment):
        return []
    return ["  version:", f"    fromLabel: {_VERSION_LABEL}"]


def _strategy(survey: Survey, strategy: StrategyType, *, routed: bool) -> list[str]:
    lines = ["  strategy:", f"    type: {strategy}"]
    if strategy is StrategyType.ROLLING:
        return [*lines, "    rolling:", "      batch: 25%", "      pause: 1m # the shortest time between batches"]
    if survey.recreate:
        lines.append("    # allowParallel: true # say so if two versions may run side by side; without it no release starts")
    if strategy is StrategyType.BLUE_GREEN:
        return [*lines, "    blueGreen:", "      previewDuration: 2m # the shortest time at full size without users",
                "      approval: false # true: a person says go before the switch"]  # fmt: skip
    shares = [] if routed else [f"      # {sentence}" for sentence in _shares(survey.replicas)]
    steps = [f"      - {{weight: {weight}, duration: 5m}}" for weight in _WEIGHTS]
    return [*lines, "    canary:", *shares, "      steps:", *steps, "      - {weight: 100}"]


def _shares(replicas: int) -> list[str]:
    """What the weights really come to without a router."""
    replicas = max(1, replicas)
    real = {weight: canary_pods(weight, replicas, routed=False) for weight in _WEIGHTS}
    said = "; ".join(f"{weight} % becomes {replica_share(pods, replicas)} % ({pods} of {pods + replicas} pods)"
                     for weight, pods in real.items())  # fmt: skip
    few = ["More replicas, an HTTPRoute, or blue-green would expose fewer users."] if replicas < _FEW else []
    return [f"Without a route the share follows the number of pods: {said}.", *few]


def _traffic(survey: Survey, strategy: StrategyType, route: dict[str, Any] | None) -> list[str]:
    if route is not None:
        service = sent_to(route, survey.services)
        return ["  traffic:", "    httpRoute:", f"      name: {name_of(route)} # splits what it sends to Service {service}"]
    if strategy is StrategyType.ROLLING or not survey.services:
        return []
    return ["  # No HTTPRoute sends to these Services. With one, traffic is split by weight, whatever the number of pods:",
            "  # traffic:", "  #   httpRoute:", "  #     name: NAME"]  # fmt: skip


def _gates(survey: Survey) -> list[str]:
    name = "default" if "default" in survey.sources else next(iter(sorted(survey.sources)), None)
    if name is None:
        reason = "No MetricSource may be asked in this namespace, so this gate is only an example. Pod health is always watched."
        return [f"  # {reason}", *(f"  # {line}" for line in _gate("default", None))]
    honest = (
        "A guess: init cannot ask Prometheus. Look whether it has http_requests_total with the labels code and pod for this",
        "application; where a gate gets no answer, the release waits, and pauses after maxInconclusive.",
    )
    return [*(f"  # {line}" for line in honest), *(f"  {line}" for line in _gate(name, survey.sources[name]))]


def _gate(source: str, spec: MetricSourceSpec | None) -> list[str]:
    # A matcher that the source forces need not be written again.
    namespace = "" if spec is not None and "namespace" in spec.labels else 'namespace="$namespace", '
    pods = f'{namespace}pod=~"$candidate_pods"'
    return [
        "gates:",
        "- name: errors",
        "  threshold:",
        f"    source: {source}",
        "    query: | # the share of answers that are errors; without any error 0",
        f'      (sum(rate(http_requests_total{{{pods}, code=~"5.."}}[$window])) or vector(0))',
        f"        / sum(rate(http_requests_total{{{pods}}}[$window]))",
        "    max: 0.02",
        "    interval: 10s",
        "    window: 1m",
        "    failures: 2",
    ]


def _rollback(survey: Survey, strategy: StrategyType) -> list[str]:
    if strategy is StrategyType.ROLLING:
        plan = "The batches that have gone out are taken back, and pods of the former ReplicaSet start again."
        return ["  rollback:", f"    plan: {plan}"]
    scaled = []
    if survey.autoscalers:
        autoscalers = " and ".join(survey.autoscalers)
        scaled = [f"    # HorizontalPodAutoscaler {autoscalers} averages over the former pods, too, while they stay warm and",
                  "    # idle: keep this short."]  # fmt: skip
    return ["  rollback:", "    plan: Traffic returns to the former ReplicaSet, which stays warm for 5 minutes.", *scaled,
            "    warm:", "      for: 5m"]  # fmt: skip
