"""The stories that plans and seeds are run on: each strategy, each way back, and what people do in between.

What people do waits for what is there, not for a time, so that a story is the same whatever faults befall it.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.simulation.gates import CONTRACT, QA, errors, migrations, smoke
from tests.simulation.invariants import SECRET, TEMPLATED
from tests.simulation.outside import send_until_taken
from tests.simulation.process import NAMESPACE as OWN
from tests.simulation.world import NAME, NAMESPACE, Act, Story, World

Object = dict[str, Any]
GROUP = "release-coordinator.io"
RELEASES, DEPLOYMENTS = f"releases.{GROUP}", "deployments.apps"
ROUTES = "httproutes.gateway.networking.k8s.io"
GOOD, WORSE, BETTER, RESTLESS = "shop:2", "shop:2-errors50", "shop:3", "shop:5"
"""The last one is bad in every third window of 12 seconds, and never in two in a row."""
FLAGS = "flags"
TEMPLATE = "shop-errors"
"""A ClusterGateTemplate that asks what the stories' gate asks."""
_STEPS: list[Object] = [{"weight": 5, "duration": "5s"}, {"weight": 25, "duration": "5s"}, {"weight": 100}]
_CANARY = {"type": "Canary", "canary": {"steps": _STEPS}}
_SHADOW = {"type": "Shadow", "shadow": {"duration": "5s", "idempotent": True}}


def flags(**defaults: str) -> Object:
    """A ConfigMap of flags in flagd's form, with these defaults."""
    made = {name: {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": default}
            for name, default in defaults.items()}  # fmt: skip
    return {"metadata": {"name": FLAGS}, "data": {"flags.json": json.dumps({"flags": made}, indent=2)}}


def _release(strategy: Object, *, routed: bool, interval: str = "2s", more: tuple[Object, ...] = (), **parts: Object) -> Object:
    traffic: Object = {"drain": "2s", **({"httpRoute": {"name": NAME}} if routed else {})}
    spec = {"workloadRef": {"name": NAME}, "strategy": strategy, "traffic": traffic, "gates": [errors(interval), *more],
            "progressDeadline": "2m", "rollback": {"warm": {"for": "8s"}, "onAlerts": ["Burn"]}, **parts}  # fmt: skip
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": {"name": NAME}, "spec": spec}


def deployment(image: str, replicas: int) -> Object:
    """As a team has it."""
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    container = {"name": NAME, "image": image, "ports": [{"name": "http", "containerPort": 8080}], "readinessProbe": probe}
    template = {"metadata": {"labels": {"app": NAME}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 5}}
    return {
        "metadata": {"name": NAME},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": NAME}}, "template": template},
    }


def _autoscaler() -> Object:
    """An HPA of the Deployment's; what it would do, the story's people do."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": NAME}, "spec": spec}


def shop(
    release: Object, *, replicas: int = 3, routed: bool, image: str = "shop:1", autoscaled: bool = False
) -> Callable[[World], None]:
    """Makes the shop with its Services, its route and its Release, at version 1 unless the image is another."""

    def make(world: World) -> None:
        admin = world.admin
        admin.create("namespaces", {"metadata": {"name": NAMESPACE}})
        world.go(lambda: False, 1.0)
        token = base64.b64encode(SECRET.encode()).decode()
        admin.create("secrets", {"metadata": {"name": "prometheus"}, "data": {"token": token}}, OWN)
        admin.create("secrets", {"metadata": {"name": "qa"}, "data": {"key": token}}, OWN)
        source = {"address": "http://prometheus.test:9090", "authentication": {"bearer": {"name": "prometheus", "key": "token"}}}
        kind = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "MetricSource"}
        admin.create(f"metricsources.{GROUP}", {**kind, "metadata": {"name": "default"}, "spec": source})
        kind = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ClusterGateTemplate"}
        team = {"name": "team", "type": "String", "sets": "source", "default": "default"}
        spec = {"parameters": [team], "threshold": TEMPLATED}
        admin.create(f"clustergatetemplates.{GROUP}", {**kind, "metadata": {"name": TEMPLATE}, "spec": spec})
        admin.create(DEPLOYMENTS, deployment(image, replicas), NAMESPACE)
        for name in (NAME, "internal"):
            ports = [{"name": "http", "port": 80, "targetPort": "http"}]
            admin.create("services", {"metadata": {"name": name}, "spec": {"selector": {"app": NAME}, "ports": ports}}, NAMESPACE)
        if routed:
            parent = {"name": "gateway", "namespace": "gateway-system"}
            rules = [{"backendRefs": [{"name": NAME, "port": 80}]}]
            route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": NAME},
                     "spec": {"parentRefs": [parent], "rules": rules}}  # fmt: skip
            admin.create(ROUTES, route, NAMESPACE)
        if "flags" in release["spec"]:
            admin.create("configmaps", flags(early="off", late="off"), NAMESPACE)
        if autoscaled:
            admin.create("horizontalpodautoscalers.autoscaling", _autoscaler(), NAMESPACE)
        world.go(lambda: False, 15.0)
        world.answers[WORSE] = lambda _: 0.5
        world.answers[RESTLESS] = lambda at: 0.5 if at.timestamp() // 12 % 3 == 1 else 0.0
        admin.create(RELEASES, release, NAMESPACE)

    return make


# --- conditions


def phase(*names: str) -> Callable[[World], bool]:
    """In one of these phases."""
    return lambda world: world.status.get("phase") in names


def step(index: int) -> Callable[[World], bool]:
    """The cluster has this step of the trial."""

    def there(world: World) -> bool:
        trial = world.status.get("trial") or {}
        return bool(trial) and not trial.get("outcome") and trial["step"]["index"] == index and "since" in trial["step"]

    return there


def bakes(world: World) -> bool:
    """Users have the candidate, all of them, and it is watched."""
    return phase("Baking")(world) and "since" in world.status["trial"]["step"]


def passes(index: int) -> Callable[[World], bool]:
    """The cluster has this step, and its first gate passes."""

    def there(world: World) -> bool:
        gates = (world.status.get("trial") or {}).get("gates") or []
        return step(index)(world) and any(g["name"] == "errors" and g["verdict"] == "Pass" for g in gates)

    return there


def rests(version: str, outcome: str = "") -> Callable[[World], bool]:
    """At rest, users have this version; the last trial ended so."""

    def there(world: World) -> bool:
        status = world.status
        history = [past["outcome"] for past in status.get("history") or []]
        stable = (status.get("stable") or {}).get("version") == version
        return status.get("phase") in ("Healthy", "RolledBack") and stable and (not outcome or history[-1:] == [outcome])

    return there


def emptied(world: World) -> bool:
    """The candidate is taken back, and its ReplicaSet has no pods any more."""
    trial = world.status.get("trial") or {}
    found = world.find("replicasets.apps", trial["candidate"]["replicaSet"]) if trial.get("outcome") else None
    return found is not None and not found["spec"]["replicas"] and not found["status"].get("replicas")


def wound_up(world: World, during: str = "Completing") -> bool:
    """Completed, and nothing is left to do but to give the wheel back."""
    services = world.admin.list("services", NAMESPACE)
    return phase(during)(world) and not any("pod-template-hash" in s["spec"]["selector"] for s in services)


def taken_back(world: World) -> bool:
    """Nothing is left to do for a Release that is deleted but to let its Deployment go."""
    left = [*world.admin.list("services", NAMESPACE), *world.admin.list("replicasets.apps", NAMESPACE)]
    return wound_up(world, "RollingBack") and len(left) == 3


def answered(count: int) -> Callable[[World], bool]:
    """So many requests have an answer."""
    return lambda world: len(world.status.get("requests") or []) == count


def _all_answered(world: World) -> bool:
    return rests("2")(world) and len(world.status["requests"]) == 2


def gone(world: World) -> bool:
    """There is no Release any more, and its label is off."""
    found = world.find(DEPLOYMENTS)
    labels = (found or {}).get("metadata", {}).get("labels") or {}
    return world.find(RELEASES) is None and f"{GROUP}/release" not in labels


# --- acts


def ship(image: str, when: Callable[[World], bool]) -> Act:
    """Somebody changes the image."""

    def do(world: World) -> None:
        body = {"spec": {"template": {"spec": {"containers": [{"name": NAME, "image": image}]}}}}
        world.person_patch(DEPLOYMENTS, body, "strategic")

    return Act(name=f"ship {image}", when=when, do=do)


def ask(key: str, value: str, when: Callable[[World], bool]) -> Act:
    """Somebody annotates the Release."""
    body = {"metadata": {"annotations": {f"{GROUP}/{key}": value}}}
    return Act(name=f"ask {key}={value}", when=when, do=lambda world: world.person_patch(RELEASES, body))


def alert(name: str, when: Callable[[World], bool]) -> Act:
    """An alert fires."""
    return Act(name=f"alert {name}", when=when, do=lambda world: send_until_taken(world, name))


def scale(replicas: int, when: Callable[[World], bool]) -> Act:
    """Somebody scales the Deployment."""
    body = {"spec": {"replicas": replicas}}
    return Act(name=f"scale to {replicas}", when=when, do=lambda world: world.person_patch(DEPLOYMENTS, body))


def delete(when: Callable[[World], bool]) -> Act:
    """Somebody deletes the Release."""
    return Act(name="delete the Release", when=when, do=lambda world: world.admin.delete(RELEASES, NAME, NAMESPACE))


def recreate(image: str, when: Callable[[World], bool]) -> Act:
    """Somebody deletes the Deployment and makes another of its name."""

    def do(world: World) -> None:
        world.admin.delete(DEPLOYMENTS, NAME, NAMESPACE, propagation="Background")
        world.admin.create(DEPLOYMENTS, deployment(image, 3), NAMESPACE)

    return Act(name=f"recreate with {image}", when=when, do=do)


def replace_set(when: Callable[[World], bool]) -> Act:
    """Somebody deletes the candidate's ReplicaSet and makes one of its own with that name."""

    def do(world: World) -> None:
        name = world.status["trial"]["candidate"]["replicaSet"]
        world.admin.delete("replicasets.apps", name, NAMESPACE, propagation="Background")
        labels = {"app": "other"}
        template = {"metadata": {"labels": labels}, "spec": deployment("other:1", 0)["spec"]["template"]["spec"]}
        spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
        world.admin.create("replicasets.apps", {"metadata": {"name": name, "labels": labels}, "spec": spec}, NAMESPACE)

    return Act(name="replace the candidate's ReplicaSet", when=when, do=do)


def ask_more(when: Callable[[World], bool]) -> Act:
    """Somebody adds a gate."""
    more = {"query": 'more{hash="$candidate"}', "max": 0.05, "interval": "1s", "failures": 2}
    gates = [errors("2s"), {"name": "more", "threshold": more}]
    return Act(name="add a gate", when=when, do=lambda world: world.person_patch(RELEASES, {"spec": {"gates": gates}}))


def lose(image: str, when: Callable[[World], bool]) -> Act:
    """Somebody deletes the Deployment, and makes another a minute later."""

    def do(world: World) -> None:
        world.admin.delete(DEPLOYMENTS, NAME, NAMESPACE, propagation="Background")
        world.loop.later(60.0, "a new Deployment", lambda: world.admin.create(DEPLOYMENTS, deployment(image, 3), NAMESPACE))

    return Act(name="delete the Deployment", when=when, do=do)


def forget_namespace(when: Callable[[World], bool]) -> Act:
    """Somebody deletes the whole namespace."""
    return Act(name="delete the namespace", when=when, do=lambda world: world.admin.delete("namespaces", NAMESPACE))


def scaled_to(replicas: int) -> Callable[[World], bool]:
    """So many pods there are, and so many are wanted."""

    def there(world: World) -> bool:
        found = world.find(DEPLOYMENTS) or {}
        return bool(found) and found["spec"]["replicas"] == replicas == found["status"].get("replicas", 0)

    return there


def _back_at(replicas: int) -> Callable[[World], bool]:
    return lambda world: phase("RolledBack")(world) and scaled_to(replicas)(world)


_HEALTHY = rests("1")
_BLUE_GREEN = {"type": "BlueGreen", "blueGreen": {"previewDuration": "5s"}}
_ROLLING = {"type": "Rolling", "rolling": {"batch": "1", "pause": "3s"}}
_HASTY = {"type": "Canary", "canary": {"steps": [{"weight": 25}, {"weight": 50}, {"weight": 100}]}}
_GOES_OUT = ship(GOOD, _HEALTHY)
_REHEARSES = Act(name="rehearse", when=_HEALTHY,
                 do=lambda world: world.person_patch(RELEASES, {"spec": {"rollback": {"rehearse": True}}}))  # fmt: skip
_NEVER_READY, _CRASHING, _NO_IMAGE = "shop:2-neverready", "shop:2-crash0", "shop:2-nopull"
_REJECTED = rests("1", "Rejected")


def _story(
    name: str, strategy: Object, acts: tuple[Act, ...], over: Callable[[World], bool], *, routed: bool = False,
    more: tuple[Object, ...] = (),
) -> Story:  # fmt: skip
    return Story(name=name, make=shop(_release(strategy, routed=routed, more=more), routed=routed), acts=acts, over=over)


def _flagged(name: str, acts: tuple[Act, ...], over: Callable[[World], bool]) -> Story:
    """With one flag that goes on at a step, and one at the promotion."""
    release = _release(_CANARY, routed=True)
    release["spec"]["flags"] = [{"name": "early", "source": {"configMap": FLAGS}, "weight": 25},
                                {"name": "late", "source": {"configMap": FLAGS}}]  # fmt: skip
    return Story(name=name, make=shop(release, routed=True), acts=acts, over=over)


def _migrated(name: str, images: tuple[str, ...], over: Callable[[World], bool], *more: Act) -> Story:
    """With changes of data before the candidate."""
    release = _release(_CANARY, routed=True, change=migrations(*images))
    return Story(name=name, make=shop(release, routed=True), acts=(_GOES_OUT, *more), over=lambda world: over(world) and all(
        each.get("state") not in ("Runs", "Undoing") for each in world.status.get("migrations") or ()))


STORIES = {
    story.name: story
    for story in (
        _story("canary-route", _CANARY, (_GOES_OUT,), rests("2"), routed=True),
        _story("canary-share", _CANARY, (_GOES_OUT,), rests("2")),
        _story("blue-green", _BLUE_GREEN, (_GOES_OUT,), rests("2")),
        _story("blue-green-route", _BLUE_GREEN, (_GOES_OUT,), rests("2"), routed=True),
        _story("rolling", _ROLLING, (_GOES_OUT,), rests("2")),
        _story("bad-canary-route", _CANARY, (ship(WORSE, _HEALTHY),), _REJECTED, routed=True),
        _story("bad-canary-share", _CANARY, (ship(WORSE, _HEALTHY),), _REJECTED),
        _story("bad-rolling", _ROLLING, (ship(WORSE, _HEALTHY),), _REJECTED),
        _story("job", _CANARY, (_GOES_OUT,), rests("2"), routed=True, more=(smoke("smoke:1-done3"),)),
        _story("bad-job", _BLUE_GREEN, (_GOES_OUT,), _REJECTED, more=(smoke("smoke:1-crash3"),)),
        _story("webhook", _CANARY, (_GOES_OUT,), rests("2"), routed=True, more=(QA,)),
        _story("bad-webhook", _BLUE_GREEN, (ship(WORSE, _HEALTHY),), _REJECTED, more=(QA,)),
        _story("contract", _CANARY, (_GOES_OUT,), rests("2"), routed=True, more=(CONTRACT,)),
        _story("bad-contract", _CANARY, (ship(WORSE, _HEALTHY),), _REJECTED, routed=True, more=(CONTRACT,)),
        _migrated("migrated", ("sql:1-done3", "sql:2-done3"), rests("2")),
        _migrated("bad-migration", ("sql:1-done3", "sql:2-crash3"), _REJECTED),
        _migrated("aborted-migrated", ("sql:1-done3", "sql:2-done3"), rests("1", "Aborted"), ask("abort", "stop", step(1))),
        _migrated("aborted-migration", ("sql:1-done40",), rests("1", "Aborted"),
                  ask("abort", "stop", lambda world: "'Runs'" in str(world.status.get("migrations")))),
        _story("alerted", _CANARY, (_GOES_OUT, alert("Other", step(1)), alert("Burn", step(2))), _REJECTED, routed=True),
        _story("never-ready", _CANARY, (ship(_NEVER_READY, _HEALTHY),), _REJECTED, routed=True),
        _story("crashing", _BLUE_GREEN, (ship(_CRASHING, _HEALTHY),), _REJECTED),
        _story("no-image", _ROLLING, (ship(_NO_IMAGE, _HEALTHY),), _REJECTED),
        _story("rehearsed", _CANARY, (_REHEARSES, _GOES_OUT), rests("2"), routed=True),
        _story("rehearsed-share", _CANARY, (_REHEARSES, _GOES_OUT), rests("2")),
        _story("rollback-in-flight", _CANARY, (_GOES_OUT, ask("rollback", "previous", step(2))), rests("1", "Aborted"),
               routed=True),
        _story("rollback-warm", _CANARY, (_GOES_OUT, ask("abort", "too many calls", bakes)), rests("1", "Aborted"), routed=True),
        _story("shadow", _SHADOW, (_GOES_OUT,), rests("2"), routed=True),
        _story("bad-shadow", _SHADOW, (ship(WORSE, _HEALTHY),), _REJECTED, routed=True),
        _story("rollback-cold", _CANARY, (_GOES_OUT, ask("rollback", "previous", rests("2", "Completed"))),
               rests("1", "Completed"), routed=True),
        _story("superseded", _CANARY, (_GOES_OUT, ship(BETTER, step(1))), rests("3"), routed=True),
        _story("reverted", _CANARY, (_GOES_OUT, ship("shop:1", step(1))), rests("1")),
        _story("flipped", _CANARY, (_GOES_OUT, ship(BETTER, step(1)), ship(GOOD, step(1))), rests("2"), routed=True),
        _story("paused", _CANARY, (_GOES_OUT, ask("pause", "true", step(1)), ask("resume", "true", phase("Paused"))), rests("2")),
        _story("retried", _CANARY, (ship(WORSE, _HEALTHY), ask("retry", "true", phase("RolledBack"))),
               lambda w: _REJECTED(w) and len(w.status["history"]) == 2),
        _story("scaled", _CANARY, (_GOES_OUT, scale(5, step(1)), scale(2, step(2))), rests("2"), routed=True),
        _story("deleted-in-preview", _BLUE_GREEN, (_GOES_OUT, delete(phase("Progressing"))), gone),
        _story("deleted-in-flight", _CANARY, (_GOES_OUT, delete(step(1))), gone, routed=True),
        _story("deleted-in-bake", _CANARY, (_GOES_OUT, delete(phase("Baking"))), gone, routed=True),
        _story("namespace-deleted", _CANARY, (_GOES_OUT, forget_namespace(step(1))),
               lambda w: w.admin.find("namespaces", NAMESPACE) is None, routed=True),
        _story("workload-lost", _CANARY, (_GOES_OUT, lose("shop:4", step(1))), rests("4"), routed=True),
        _story("recreated", _CANARY, (_GOES_OUT, recreate("shop:4", step(1))), rests("4"), routed=True),
        _flagged("flagged", (_GOES_OUT,), rests("2")),
        _flagged("flagged-back", (_GOES_OUT, ask("abort", "true", step(2))), rests("1", "Aborted")),
        _flagged("flagged-deleted", (_GOES_OUT, delete(step(2))), gone),
        _flagged("flagged-cold", (_GOES_OUT, ask("rollback", "previous", rests("2", "Completed"))), rests("1", "Completed")),
    )
}  # fmt: skip
EXHAUSTIVE = ("rolling", "canary-route", "canary-share", "blue-green", "rollback-in-flight", "rollback-warm", "rollback-cold",
              "superseded", "deleted-in-flight", "job", "shadow", "rehearsed")  # fmt: skip
"""The stories of which every single fault is tried by `python -m tests.simulation plans`, half an hour on two cores."""
ALWAYS = ("rolling", "canary-route", "blue-green", "rollback-in-flight", "deleted-in-flight")
"""Those of them that every run of the tests tries."""
POINTED = {
    story.name: story
    for story in (
        Story(name="autoscaled", make=shop(_release(_CANARY, routed=False), routed=False, autoscaled=True),
              acts=(_GOES_OUT, scale(1, phase("Baking"))), over=rests("2")),
        Story(name="restless", make=shop(_release(_CANARY, routed=False, interval="12s"), routed=False),
              acts=(ship(RESTLESS, _HEALTHY),), over=rests("5")),
        _story("fixed", _CANARY, (ship(WORSE, _HEALTHY), ship(GOOD, phase("RolledBack"))), rests("2")),
        _story("hasty", _HASTY, (_GOES_OUT,), rests("2")),
        _story("late-template", _BLUE_GREEN, (_GOES_OUT, ship(BETTER, wound_up)), rests("3")),
        _story("deleted-and-reverted", _CANARY, (_GOES_OUT, delete(step(1)), ship("shop:1", step(1)), ship(BETTER, taken_back)),
               gone, routed=True),
        _story("paused-twice", _CANARY, (_GOES_OUT, ask("pause", "true", step(1)), ask("resume", "true", phase("Paused")),
                                         ask("pause", "true", step(2)), ask("resume", "true", phase("Paused"))), rests("2")),
        _story("promoted", _CANARY, (_GOES_OUT, ask("promote", "step", step(1)), ask("promote", "full", answered(1))),
               _all_answered),
        _story("rejected-and-scaled", _CANARY, (_GOES_OUT, ask("rollback", "previous", rests("2", "Completed")),
                                                ship(GOOD, rests("1", "Completed")), scale(0, phase("RolledBack")),
                                                scale(3, scaled_to(0))), _back_at(3)),
        _story("rollback-and-scaled", _CANARY, (_GOES_OUT, scale(6, phase("Baking")), ask("abort", "true", phase("Baking"))),
               _back_at(6), routed=True),
        _story("replaced", _CANARY, (ship(WORSE, _HEALTHY), replace_set(emptied)), _REJECTED),
        _story("one-more-gate", _CANARY, (_GOES_OUT, ask_more(passes(1))), rests("2")),
    )
}  # fmt: skip
"""Stories told to show one guard each, in tests.simulation.mutants; seeds draw from the others."""
