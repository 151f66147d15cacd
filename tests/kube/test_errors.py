"""What each answer of the API server becomes, and whether it is worth asking again."""

import json

import pytest

from controller.kube import errors
from controller.kube.errors import from_answer, from_status
from tests.kube.serving import status

CAUSE = [{"field": "spec.x", "reason": "FieldValueInvalid", "message": "too long"}]
REFUSED_PATCH = status(422, "Invalid", "the server rejected our request due to an error in our request")

CASES = {
    "no credentials": (401, status(401, "Unauthorized"), False, errors.Unauthorized),
    "RBAC says no": (403, status(403, "Forbidden"), False, errors.Forbidden),
    "no such object": (404, status(404, "NotFound"), False, errors.NotFound),
    "somebody was quicker": (409, status(409, "Conflict"), False, errors.Conflict),
    "the name is taken": (409, status(409, "AlreadyExists"), False, errors.AlreadyExists),
    "the version is compacted": (410, status(410, "Expired"), False, errors.Gone),
    "a JSON Patch's test failed": (422, REFUSED_PATCH, True, errors.TestFailed),
    "a JSON Patch made an invalid object": (422, status(422, "Invalid", causes=CAUSE), True, errors.Invalid),
    "a merge patch cannot fail a test": (422, REFUSED_PATCH, False, errors.Invalid),
    "slow down": (429, status(429, "TooManyRequests"), False, errors.TooManyRequests),
    "internal error": (500, status(500, "InternalError"), False, errors.Unavailable),
    "bad gateway": (502, {}, False, errors.Unavailable),
    "overloaded": (503, status(503, "ServiceUnavailable"), False, errors.Unavailable),
    "the server timed out": (504, status(504, "Timeout"), False, errors.Unavailable),
    "a code of no class": (418, {}, False, errors.ApiError),
    "a redirect": (307, {}, False, errors.ApiError),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_answer_becomes_the_error_that_says_what_to_do(case: tuple[int, object, bool, type]) -> None:
    """Each status and reason gives exactly its class."""
    code, body, json_patch, expected = case
    error = from_answer(code, json.dumps(body).encode(), None, json_patch=json_patch)
    assert type(error) is expected
    assert error.status == code


def test_only_an_absent_answer_is_worth_repeating_and_only_a_changed_world_worth_rereading() -> None:
    """The two questions have one answer per class, and never both."""
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.ApiError)]
    retryable = {each.__name__ for each in classes if each.retryable}
    read_again = {each.__name__ for each in classes if each.read_again}
    assert retryable == {"Unavailable", "TooManyRequests", "Unreachable"}
    assert read_again == {"NotFound", "Conflict", "AlreadyExists", "Gone", "TestFailed"}


def test_the_tree_in_the_docstring_names_every_class() -> None:
    """The drawing cannot fall behind the code."""
    for name, each in vars(errors).items():
        if isinstance(each, type) and issubclass(each, errors.ApiError):
            assert name in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("header", "detail", "expected"),
    [
        ("7", None, 7.0),
        (None, 3, 3.0),
        ("7", 3, 7.0),
        ("0", None, None),
        ("Fri, 01 Jan 2027 00:00:00 GMT", None, None),
        ("86400", None, errors.LONGEST_RETRY_AFTER),
        ("nan", None, None),
        ("-1", None, None),
        (None, None, None),
    ],
)
def test_retry_after_is_read_from_header_or_body_and_capped(
    header: str | None, detail: int | None, expected: float | None
) -> None:
    """The header goes first, senseless values count as none, and nobody can silence us for a day."""
    body = status(429, "TooManyRequests", retryAfterSeconds=detail)
    assert from_answer(429, json.dumps(body).encode(), header, json_patch=False).retry_after == expected


@pytest.mark.parametrize("body", [b"", b"<html>Bad   gateway</html>", b"\xff\xfe", b"[" * 100_000, b"[1]", b'{"a":1}'])
def test_any_body_makes_an_error(body: bytes) -> None:
    """A proxy's page, garbage or a nesting bomb in place of a Status is still the status it came with."""
    error = from_answer(503, body, None, json_patch=False)
    assert type(error) is errors.Unavailable
    assert len(error.message) <= errors.LONGEST_MESSAGE


def test_causes_are_kept() -> None:
    """The field that is wrong reaches the reader."""
    error = from_status(status(422, "Invalid", causes=CAUSE))
    assert error.causes == (errors.Cause(field="spec.x", reason="FieldValueInvalid", message="too long"),)


def test_the_message_names_request_status_and_reason() -> None:
    """One line that can stand in a condition."""
    error = from_status(status(403, "Forbidden", "not allowed")).about("PATCH /apis/apps/v1/x")
    assert str(error) == "PATCH /apis/apps/v1/x: 403 Forbidden: not allowed"
