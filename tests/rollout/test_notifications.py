"""What people outside the cluster are told of a release: each turning point, once."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from strategies.rollout.notifications import Notification, cloud_event, notifications, spoken
from strategies.spec.status import Status
from tests.rollout.stories import CANARY, STORIES, at_step, tell
from tests.rollout.world import World, healthy, make_spec

GATE_FAILED = "started Release, rolledback Release Rejected"
STARTED, PROMOTED = "started Release", "promoted Release"
TOLD = {
    "a good canary with router": f"{STARTED}, {PROMOTED}",
    "a good blue-green": f"{STARTED}, {PROMOTED}",
    "a good shadow with gates": f"{STARTED}, {PROMOTED}",
    # A batch shares the traffic to the end: it is promoted when it is through.
    "a good rolling release": f"{STARTED}, {PROMOTED}",
    "a restart": "started Restart, promoted Restart",
    "a gate fails with router": GATE_FAILED,
    "a gate fails on mirrored requests": GATE_FAILED,
    "a rolling release is aborted half-way": f"{STARTED}, rolledback Release Aborted",
    "stable's template comes back": f"{STARTED}, rolledback Release Reverted",
    "the Release is deleted in mid-trial": f"{STARTED}, rolledback Release Deleted",
    "to no replicas and back": f"{STARTED}, rolledback Release ScaledToZero, {STARTED}, {PROMOTED}",
    "abort with router, retry, and it is good": f"{STARTED}, rolledback Release Aborted, {STARTED}, {PROMOTED}",
    "stable loses all pods": f"{STARTED}, promoted Unprotected",
    # The rollback is a trial of its own: it starts, and when it has all traffic, users are back.
    "a good release, then back to the one before": f"{STARTED}, {PROMOTED}, started Rollback, rolledback Rollback",
}


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Status, Status]]:
    """Every status that is committed, after the one before."""
    seen: list[tuple[Status, Status]] = []
    commit = World._commit

    def watched(world: World, decision: object) -> None:
        old = world.status
        commit(world, decision)  # type: ignore[arg-type]
        if world.status.turn != old.turn:
            seen.append((old, world.status))

    monkeypatch.setattr(World, "_commit", watched)
    return seen


def said(told: Notification) -> str:
    """Type, kind and outcome."""
    words = (told.type.rpartition(".")[2], str(told.kind), str(told.outcome or ""))
    return " ".join(filter(None, words))


@pytest.mark.parametrize(("story", "expected"), TOLD.items(), ids=TOLD)
def test_a_story_is_told_in_its_turning_points(story: str, expected: str, commits: list[tuple[Status, Status]]) -> None:
    """Start, promotion and rollback, in order, and nothing else."""
    tell(story)
    assert ", ".join(said(each) for old, new in commits for each in notifications(old, new)) == expected


@pytest.mark.parametrize("story", STORIES)
def test_each_is_told_once_and_can_be_told_again_from_the_status_alone(story: str, commits: list[tuple[Status, Status]]) -> None:
    """After a crash between commit and sending, the next process finds the same under the same id; every trial has an end."""
    tell(story)
    ids: Counter[str] = Counter()
    for old, new in commits:
        again = {key_of(each): each for each in notifications(Status(), new)}
        for told in notifications(old, new):
            ids[key_of(told)] += 1
            assert again[key_of(told)] == told
    assert set(ids.values()) == {1}
    begun, ended = ({key.split("/")[1] for key in ids if key.endswith(ends)} for ends in (("started",), ("promoted", "undone")))
    assert begun == ended


def key_of(told: Notification) -> str:
    """The event's id."""
    return str(cloud_event(told, "prod", "shop", "u", None)["id"])


def test_a_release_that_is_promoted_and_fails_in_its_bake_is_told_both() -> None:
    """Two ids, although users go back from what they were told they have."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    world.run(at_step(3))
    baking = world.status
    world.ask("abort", "wrong price")
    world.turn()
    (told,) = notifications(baking, world.status)
    assert said(told) == "rolledback Release Aborted"
    assert "wrong price" in told.message
    assert [said(each) for each in notifications(Status(), baking)] == ["started Release", "promoted Release"]


def test_the_event_says_who_what_and_why_in_structured_mode() -> None:
    """As CloudEvents 1.0 has it; times with their zone."""
    change = {"kind": "Feature", "summary": "One-page checkout", "stakeholders": ["payments-team"]}
    world = healthy(make_spec(**CANARY, change=change))
    world.apply("v2")
    world.run(lambda w: w.status.trial is not None)
    (told,) = notifications(Status(), world.status)
    trial, stable = world.status.trial, world.status.stable
    assert trial is not None and stable is not None
    assert world.now - told.at <= timedelta(seconds=1)
    assert json.loads(json.dumps(cloud_event(told, "prod", "shop", "u", world.spec))) == {
        "specversion": "1.0",
        "id": f"u/{trial.candidate.hash}/started",
        "source": "/apis/release-coordinator.io/v1alpha1/namespaces/prod/releases/shop",
        "type": "io.release-coordinator.release.started",
        "time": trial.model_dump(mode="json", by_alias=True)["started"],
        "datacontenttype": "application/json",
        "data": {
            "release": {"namespace": "prod", "name": "shop", "uid": "u"},
            "kind": "Release",
            "candidate": {"hash": trial.candidate.hash, "version": trial.candidate.version},
            "stable": {"hash": stable.hash, "version": stable.version},
            "strategy": "Canary",
            "risk": "High",
            "changedBy": "anna",
            "summary": "One-page checkout",
            "stakeholders": ["payments-team"],
            "outcome": None,
            "message": f"Release of revision {trial.candidate.hash} has begun.",
        },
    }


SPOKEN = {
    "a good release, then back to the one before": [
        "2.0.0: Release started, info", "2.0.0: Release promoted, success",
        "1.0.0: Rollback started, info", "1.0.0: Rollback complete, success",
    ],
    "a gate fails with router": ["2.0.0: Release started, info", "2.0.0: Release rolled back (Rejected), failure"],
}  # fmt: skip


@pytest.mark.parametrize(("story", "titles"), SPOKEN.items(), ids=SPOKEN)
def test_people_are_told_in_a_line_and_whether_it_is_good(
    story: str, titles: list[str], commits: list[tuple[Status, Status]]
) -> None:
    """Version, what has happened, why."""
    tell(story)
    said = [spoken(cloud_event(each, "prod", "shop", "u", None)) for old, new in commits for each in notifications(old, new)]
    assert [f"{each['title']}, {each['type']}" for each in said] == [f"prod/shop {title}" for title in titles]


def test_people_are_told_who_what_and_why() -> None:
    """Line by line; what is not known is left out."""
    change = {"kind": "Feature", "summary": "One-page checkout", "stakeholders": ["payments-team", "web"]}
    world = healthy(make_spec(**CANARY, change=change))
    world.apply("v2")
    world.run(lambda w: w.status.trial is not None)
    (told,) = notifications(Status(), world.status)
    summary, why, about = spoken(cloud_event(told, "prod", "shop", "u", world.spec))["body"].splitlines()
    assert (summary, why) == ("One-page checkout", told.message)
    assert about == "Strategy: Canary. Risk: High. Changed by: anna. Stakeholders: payments-team, web"
