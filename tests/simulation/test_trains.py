"""A train on the playground, with the real reconcile code: three services whose message format changes, there and back, and with
the controller killed around each of the train's own writes.
"""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.simulation.faults import Fault, Kind, On
from tests.simulation.stories import DEPLOYMENTS, GROUP, RELEASES, Object
from tests.simulation.world import Act, Story, World

WHERE = "crowd-train"
"""A namespace that the invariants of the one shop leave alone; that nothing is written at rest is held here, too."""
EXAMPLE = Path(__file__).parents[2] / "examples" / "06-train"
TRAINS = f"releasetrains.{GROUP}"
MEMBERS = {"web": "Consumer", "mail": "Consumer", "orders": "Producer"}
BROKEN = "2-nopull"
"""A version whose image cannot be pulled."""


def _deployment(name: str) -> Object:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    container = {"name": "app", "image": f"{name}:1", "ports": [{"containerPort": 8080}], "readinessProbe": probe}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    return {"metadata": {"name": name}, "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}}


def made(orders: str, **more: Any) -> Callable[[World], None]:
    """The three services under Releases, and their train, which wants this version of orders."""

    def make(world: World) -> None:
        world.admin.create("namespaces", {"metadata": {"name": WHERE}})
        world.go(lambda: False, 1.0)
        for name in MEMBERS:
            world.admin.create(DEPLOYMENTS, _deployment(name), WHERE)
        world.go(lambda: False, 15.0)
        for name in MEMBERS:
            spec = {"workloadRef": {"name": name}, "strategy": {"type": "Rolling"}, "traffic": {"drain": "1s"},
                    "progressDeadline": "1m", "rollback": {"warm": {"for": "3s"}}}  # fmt: skip
            world.admin.create(RELEASES, {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": {"name": name},
                                          "spec": spec}, WHERE)  # fmt: skip
        versions = {**dict.fromkeys(MEMBERS, "2"), "orders": orders}
        members = [{"name": name, "version": versions[name], "role": role} for name, role in MEMBERS.items()]
        world.admin.create(TRAINS, {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ReleaseTrain", "metadata": {"name": "new-format"},
                                    "spec": {"members": members, "verify": {"duration": "5s", "deadline": "1m"}, **more}},
                           WHERE)  # fmt: skip

    return make


def find(world: World, resource: str, name: str) -> Object:
    """An object's status; empty without one."""
    plural, _, group = resource.partition(".")
    found = world.cluster.api.store.collection(group, plural).get((WHERE, name))
    return dict(found.obj.get("status") or {}) if found else {}


def train(world: World) -> Object:
    """The train's status."""
    return find(world, TRAINS, "new-format")


def phase(*phases: str) -> Callable[[World], bool]:
    """The train is in one of these phases."""
    return lambda world: train(world).get("phase") in phases


def all_healthy(world: World) -> bool:
    """Changes would be held."""
    return all(find(world, RELEASES, name).get("phase") == "Healthy" for name in MEMBERS)


def ship(name: str, image: str, when: Callable[[World], bool], container: str = "app") -> Act:
    """Somebody changes a Deployment."""

    def do(world: World) -> None:
        body = {"spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}}}
        world.person.patch(DEPLOYMENTS, name, WHERE, body, "strategic")

    return Act(name=f"ship {image}", when=when, do=do)


def ask(key: str, value: str, when: Callable[[World], bool]) -> Act:
    """Somebody asks the train."""
    body = {"metadata": {"annotations": {f"{GROUP}/{key}": value}}}
    return Act(name=key, when=when, do=lambda world: world.person.patch(TRAINS, "new-format", WHERE, body, "merge") and None)


def versions(world: World) -> dict[str, str]:
    """What users have."""
    return {name: find(world, RELEASES, name)["stable"]["version"] for name in MEMBERS}


def shipped(orders: str = "2") -> tuple[Act, ...]:
    """All three changes, the producer's first: it has to wait."""
    return (ship("orders", f"orders:{orders}", all_healthy), ship("web", "web:2", lambda w: reason(w, "orders") == "InTrain"),
            ship("mail", "mail:2", lambda w: reason(w, "web") == "InTrain"))  # fmt: skip


def reason(world: World, name: str) -> str:
    """Of a member."""
    return str(find(world, RELEASES, name).get("reason"))


def story(*acts: Act, over: Callable[[World], bool], orders: str = "2", plan: tuple[Fault, ...] = (), **more: Any) -> World:
    """A train, what people do, and when it is over."""
    acts = (*shipped(orders), *acts)
    return World(Story(name="train", make=made(orders, **more), acts=acts, over=over), plan).run()


def trials(world: World, name: str, kind: str = "Release") -> list[tuple[str, str, str]]:
    """When each trial of this kind began and ended, and how."""
    return [(past["started"], past["ended"], past["outcome"])
            for past in find(world, RELEASES, name)["history"] if past["kind"] == kind]  # fmt: skip


def asked(world: World) -> list[str]:
    """What the members were asked, by whom, in the members' words."""
    return sorted(f"{name} {answer['key']} {answer['done']}" for name in MEMBERS
                  for answer in find(world, RELEASES, name).get("requests", ())
                  if answer["author"].startswith("ReleaseTrain new-format, turn "))  # fmt: skip


def test_three_services_go_out_in_order_and_come_back_in_reverse() -> None:
    """Though the producer's change came first; and one annotation takes the whole train back, after it has completed."""
    back = ask("rollback", "previous", phase("Completed"))
    world = story(back, over=phase("RolledBack"))
    assert versions(world) == dict.fromkeys(MEMBERS, "1")
    ((began, ended, outcome),) = trials(world, "orders")
    assert outcome == "Completed"
    assert all(there[0][1] <= began for there in (trials(world, "web"), trials(world, "mail")))
    ((_, gone, _),) = trials(world, "orders", "Rollback")
    assert all(began >= gone > ended for name in ("web", "mail") for began, _, _ in trials(world, name, "Rollback"))
    assert asked(world) == ["mail rollback True", "orders rollback True", "web rollback True"]
    assert train(world)["requests"][-1]["author"] == "alice"
    told = {event["reason"] for event in world.admin.list("events", WHERE) if event["involvedObject"]["kind"] == "ReleaseTrain"}
    assert told == {"Stage", "Verifying", "AtRest", "RollbackRequested"}


def failing(plan: tuple[Fault, ...] = ()) -> World:
    """The producer's new version does not run."""
    return story(over=phase("RolledBack"), orders=BROKEN, plan=plan)


@cache
def _on_the_way_back() -> tuple[int, ...]:
    """Which of that story's writes are the train's from the failure on: commits, and requests on members."""
    ours = ("/releasetrains/new-format/status", *(f"/releases/{name}" for name in MEMBERS))
    found = [write.number for write in failing().writes if write.call.startswith("PATCH") and write.call.endswith(ours)]
    return tuple(found[-10:])


@pytest.mark.parametrize(("kind", "first"), [(Kind.CRASH_AFTER, 0), (Kind.LOST, 1)])
def test_a_failed_member_takes_the_train_back_whenever_the_controller_dies(kind: Kind, first: int) -> None:
    """After each of the train's own writes on the way back: users have what they had, and each member is asked once."""
    for number in _on_the_way_back()[first::2]:
        world = failing((Fault(kind=kind, on=On.WRITE, at=number),))
        assert versions(world) == dict.fromkeys(MEMBERS, "1"), number
        assert asked(world) == ["mail rollback True", "web rollback True"], number
        assert "Member orders has failed" in train(world)["message"]


def test_an_aborted_train_starts_nobody_who_waited() -> None:
    """The producer stays held, and says which train it waits for, and what would let it go."""
    on_its_way = lambda world: find(world, RELEASES, "web").get("trial") is not None  # noqa: E731
    world = story(ask("abort", "wrong day", on_its_way), over=phase("RolledBack"))
    assert versions(world) == dict.fromkeys(MEMBERS, "1")
    assert trials(world, "orders") == []
    message = find(world, RELEASES, "orders")["message"]
    assert "Member orders (stage 1) of ReleaseTrain new-format waits; the train is RolledBack." in message
    assert "Aborted by alice: wrong day" in message
    assert "retry=true" in message


def test_a_deleted_train_starts_nobody_who_waited_for_it() -> None:
    """It is said once, with the remedy, and the remedy lets it go."""
    gone = Act(name="delete", when=lambda w: reason(w, "orders") == "InTrain",
               do=lambda w: w.admin.delete(TRAINS, "new-format", WHERE) and None)  # fmt: skip
    body = {"metadata": {"annotations": {f"{GROUP}/retry": "true"}}}
    alone = Act(name="retry", when=lambda w: reason(w, "orders") == "TrainGone" and w.quiet > 30,
                do=lambda w: w.person.patch(RELEASES, "orders", WHERE, body, "merge") and None)  # fmt: skip
    acts = (ship("orders", "orders:2", all_healthy), gone, alone)
    world = World(Story(name="train", make=made("2"), acts=acts, over=lambda w: versions(w)["orders"] == "2")).run()
    assert len(trials(world, "orders")) == 1
    assert find(world, RELEASES, "orders")["requests"][-1]["message"].startswith("Another try, asked by")
    (event,) = [each for each in world.admin.list("events", WHERE) if each["reason"] == "TrainGone"]
    assert "ReleaseTrain new-format, for which the change waited, is gone" in event["message"]
    assert event["message"].endswith("retry=true.")


def test_a_member_that_its_train_leaves_out_goes_by_itself() -> None:
    """Who edits it out of spec.members has named it."""
    spec = {"spec": {"members": [{"name": name, "version": "2"} for name in ("web", "mail")]}}
    out = Act(name="leave out", when=lambda w: reason(w, "orders") == "InTrain",
              do=lambda w: w.person.patch(TRAINS, "new-format", WHERE, spec, "merge") and None)  # fmt: skip
    acts = (ship("orders", "orders:2", all_healthy), out)
    world = World(Story(name="train", make=made("2"), acts=acts, over=lambda w: versions(w)["orders"] == "2")).run()
    assert len(trials(world, "orders")) == 1


def test_a_member_of_two_trains_goes_with_neither_until_one_gives_it_free() -> None:
    """Both trains and the member name the other; nothing starts by mistake, and then it goes by itself."""
    second = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ReleaseTrain", "metadata": {"name": "night"},
              "spec": {"members": [{"name": "web", "version": "2"}]}}  # fmt: skip
    said: list[str] = []

    def look(world: World) -> None:
        said.extend(status["message"] for status in (find(world, RELEASES, "web"), train(world), find(world, TRAINS, "night")))
        assert all(find(world, RELEASES, name).get("trial") is None for name in MEMBERS)
        world.admin.delete(TRAINS, "night", WHERE)

    def twice(world: World) -> bool:
        told = "night" in find(world, RELEASES, "web").get("message", "")
        return phase("Invalid")(world) and reason(world, "mail") == "InTrain" and told

    start = Act(name="another train", when=all_healthy, do=lambda w: w.admin.create(TRAINS, second, WHERE) and None)
    acts = (start, *shipped(), Act(name="look", when=twice, do=look))
    world = World(Story(name="train", make=made("2"), acts=acts, over=phase("Completed"))).run()
    assert said == [
        "Release web is a member of ReleaseTrain new-format and night: take it out of one of them, because each would order it.",
        "spec.members[0].name: Release web is a member of ReleaseTrain night, too: take it out of one of them, because each "
        "would order it.",
        "spec.members[0].name: Release web is a member of ReleaseTrain new-format, too: take it out of one of them, because each "
        "would order it.",
    ]
    assert versions(world) == dict.fromkeys(MEMBERS, "2")


def test_the_example_ends_as_it_tells() -> None:
    """The files of examples/06-train, a minute in a second: web goes after mail, orders last; and back."""
    texts = {file.stem: re.sub(r"\b(\d+)m\b", r"\1s", file.read_text(encoding="utf-8")) for file in EXAMPLE.glob("*.yaml")}
    documents = {stem: list(yaml.safe_load_all(text)) for stem, text in texts.items()}
    kinds = {"Deployment": DEPLOYMENTS, "Service": "services", "Release": RELEASES, "ReleaseTrain": TRAINS}

    def make(world: World) -> None:
        world.admin.create("namespaces", {"metadata": {"name": WHERE}})
        world.go(lambda: False, 1.0)
        for stem, pause in (("services", 15.0), ("releases", 0.0), ("train", 0.0)):
            for each in documents[stem]:
                world.admin.create(kinds[each["kind"]], each, WHERE)
            world.go(lambda: False, pause)

    acts = [ship(name, f"{name}:2", when, container=name) for name, when in (
        ("orders", all_healthy), ("mail", lambda w: reason(w, "orders") == "InTrain"), ("web", lambda w: True))]  # fmt: skip
    back = ask("rollback", "previous", phase("Completed"))
    world = World(Story(name="example", make=make, acts=(*acts, back), over=phase("RolledBack"))).run()
    assert versions(world) == dict.fromkeys(MEMBERS, "1")
    ((mail, _, _),), ((web, _, _),), ((orders, _, _),) = (trials(world, name) for name in ("mail", "web", "orders"))
    assert mail < web < orders
    assert asked(world) == ["mail rollback True", "orders rollback True", "web rollback True"]
