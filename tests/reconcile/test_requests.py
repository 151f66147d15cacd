"""What makes a request one of a kind: who wrote it and when, or, of a GitOps manager, which trial it met."""

from typing import Any

import pytest

from controller.api import names
from controller.reconcile.requests import Presence, read_requests, trim

ABORT = f"{names.GROUP}/abort"
PROMOTE = f"{names.GROUP}/promote"


def release(*entries: tuple[str, str, str, str], annotations: dict[str, str] | None = None) -> dict[str, Any]:
    """A trimmed Release with these managedFields entries: manager, operation, time, annotation."""
    fields = [
        {"manager": m, "operation": o, "time": t, "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{a}": {}}}}}
        for m, o, t, a in entries
    ]
    metadata = {"annotations": {ABORT: "true"} if annotations is None else annotations, "managedFields": fields}
    return trim({"metadata": metadata})


def identity(found: dict[str, Any], attempts: int = 1) -> str:
    """The id of the one request."""
    (request,) = read_requests(found, attempts, Presence())
    return request.id


FIRST = ("kubectl-annotate", "Update", "2026-01-01T00:00:00Z", ABORT)
APPLIED = ("argocd", "Apply", "2026-01-01T00:00:00Z", ABORT)


def test_the_same_write_is_the_same_request_for_ever() -> None:
    """However often it is read, and whatever trial is under way."""
    assert identity(release(FIRST), 1) == identity(release(FIRST), 2)


@pytest.mark.parametrize("other", [
    ("kubectl-annotate", "Update", "2026-02-01T00:00:00Z", ABORT), ("curl", "Update", "2026-01-01T00:00:00Z", ABORT),
])  # fmt: skip
def test_next_month_s_request_or_another_person_s_is_another_one(other: tuple[str, str, str, str]) -> None:
    """The moment and the manager tell them apart."""
    assert identity(release(other)) != identity(release(FIRST))


def test_another_value_is_another_request() -> None:
    """promote=step and promote=full."""
    entry = ("kubectl-annotate", "Update", "2026-01-01T00:00:00Z", PROMOTE)
    step, full = (release(entry, annotations={PROMOTE: value}) for value in ("step", "full"))
    assert identity(step) != identity(full)


def test_what_a_gitops_manager_puts_back_is_the_request_it_was() -> None:
    """Removed and applied again at another time, it is old; it counts again only for another trial."""
    again = ("argocd", "Apply", "2026-01-01T09:00:00Z", ABORT)
    assert identity(release(APPLIED), 1) == identity(release(again), 1)
    assert identity(release(APPLIED), 1) != identity(release(again), 2)


def test_the_author_is_who_the_policy_stamped_else_the_manager() -> None:
    """Never longer than status can hold."""
    (request,) = read_requests(release(FIRST), 0, Presence())
    assert request.author == "kubectl-annotate"
    stamped = release(FIRST, annotations={ABORT: "true", names.REQUESTED_BY: "x" * 1000})
    (request,) = read_requests(stamped, 0, Presence())
    assert request.author == "x" * 317


def test_trimming_keeps_only_what_identifies_requests() -> None:
    """managedFields are a third of an object's bytes."""
    kept = release(FIRST, ("helm", "Apply", "2026-01-01T00:00:00Z", "meta.helm.sh/release"))
    assert [entry["manager"] for entry in kept["metadata"]["managedFields"]] == ["kubectl-annotate"]


def test_annotations_that_are_no_requests_are_none() -> None:
    """Even in our own group."""
    assert read_requests(release(annotations={f"{names.GROUP}/other": "x"}), 0, Presence()) == ()


def test_the_same_request_put_back_within_a_second_is_another_one_and_stays_so() -> None:
    """Seen to go and there again with the same time: a person asked twice; each has one id for as long as it is there."""
    presence, there, away = Presence(), release(FIRST), release(annotations={})

    def ids() -> list[str]:
        return [r.id for found in (there, there, away) for r in read_requests(found, 0, presence)]

    first, second = ids(), ids()
    assert len(set(first)) == len(set(second)) == 1
    assert first != second


def test_what_a_gitops_manager_puts_back_at_once_is_still_the_request_it_was() -> None:
    """It puts back what we removed, again and again."""
    presence = Presence()
    seen = [release(APPLIED), release(annotations={}), release(APPLIED)]
    assert len({r.id for found in seen for r in read_requests(found, 0, presence)}) == 1
