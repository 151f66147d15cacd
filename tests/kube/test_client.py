"""The client against a server that does everything wrong, and the library's habits it must not have."""

import time
from collections.abc import Callable

import pytest

from controller.kube import errors
from controller.kube.answers import OBJECT_LIMIT
from controller.kube.client import JSON_PATCH, MERGE_PATCH, encoded
from controller.kube.connection import Timeouts
from controller.kube.paths import DEPLOYMENTS
from tests.kube.serving import Exchange, listing, serve, status, thing

PATH = DEPLOYMENTS.path("shop", "cart")
ALL = DEPLOYMENTS.path("shop")


def test_unknown_fields_and_nulls_come_through_untouched() -> None:
    """A newer cluster's field and a null where a number is due survive reading: nothing is typed on the way."""
    obj = {"spec": {"replicas": None, "fieldOfTomorrow": {"x": [1, None]}}}
    with serve(lambda exchange: exchange.json(200, obj)) as server:
        assert server.client().get(PATH) == obj


@pytest.mark.parametrize("code", [200, 201, 202])
def test_a_create_answered_with_any_success_returns_its_object(code: int) -> None:
    """The library returned None for a 200 in place of a 201."""
    with serve(lambda exchange: exchange.json(code, thing("cart", 1))) as server:
        assert server.client().create(ALL, {})["metadata"]["name"] == "cart"


@pytest.mark.parametrize("content_type", [JSON_PATCH, MERGE_PATCH])
def test_a_patch_goes_out_as_the_type_it_was_given(content_type: str) -> None:
    """No body is guessed into another patch type, and every write names its field manager."""
    body = [] if content_type == JSON_PATCH else {"spec": {"x": "ü"}}
    with serve(lambda exchange: exchange.json(200, {})) as server:
        server.client().patch(PATH, body, content_type, {"dryRun": "All"})
    request = server.requests[0]
    assert (request.method, request.headers["content-type"], request.body) == ("PATCH", content_type, body)
    assert request.query == {"dryRun": "All", "fieldManager": "release-coordinator"}
    assert request.headers["authorization"] == "Bearer secret"


def test_a_delete_carries_its_preconditions() -> None:
    """The uid to delete reaches the server."""
    body = {"preconditions": {"uid": "u"}}
    with serve(lambda exchange: exchange.json(200, status(200, ""))) as server:
        server.client().delete(PATH, body)
    assert (server.requests[0].method, server.requests[0].body) == ("DELETE", body)


def test_a_list_is_read_page_by_page_and_its_items_get_their_kind() -> None:
    """All pages arrive, the last page's version is the one to watch from, and kind is filled in."""

    def answer(exchange: Exchange) -> None:
        second = exchange.request.query.get("continue") == "token"
        page = listing(11, thing("b", 2)) if second else listing(10, thing("a", 1), following="token")
        exchange.json(200, page)

    with serve(answer) as server:
        items, version = server.client().list(ALL, {"labelSelector": "x=y"})
    assert [(each["metadata"]["name"], each["kind"], each["apiVersion"]) for each in items] == [
        ("a", "Deployment", "apps/v1"),
        ("b", "Deployment", "apps/v1"),
    ]
    assert version == "11"
    assert all(each.query["labelSelector"] == "x=y" and each.query["limit"] == "500" for each in server.requests)


def _hung(exchange: Exchange) -> None:
    exchange.hang()


def _cut_before_headers(exchange: Exchange) -> None:
    exchange.cut()


def _cut_in_body(exchange: Exchange) -> None:
    exchange.begin(length=1000)
    exchange.bytes(b'{"spec":')
    exchange.cut()


def _cut_in_chunks(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk(b'{"spec":1}')
    exchange.cut()


def _trickle(exchange: Exchange) -> None:
    exchange.begin(length=10_000)
    for _ in range(200):
        exchange.bytes(b" ")
        if exchange.hang(0.05):
            return


def _gigabyte(exchange: Exchange) -> None:
    exchange.begin()
    for _ in range(1024):
        exchange.chunk(b" " * (1 << 20))


def _nested(exchange: Exchange) -> None:
    exchange.raw(200, b"[" * 1_000_000)


BROKEN: dict[str, tuple[Callable[[Exchange], None], str]] = {
    "a server that hangs": (_hung, "Timeout"),
    "a connection closed without an answer": (_cut_before_headers, ""),
    "a body shorter than promised": (_cut_in_body, ""),
    "a chunked body without its end": (_cut_in_chunks, ""),
    "a byte now and then": (_trickle, "Timeout"),
    "a gigabyte": (_gigabyte, "TooLarge"),
    "a login page": (lambda exchange: exchange.raw(200, b"<html>login</html>"), "NotJson"),
    "no body": (lambda exchange: exchange.raw(200, b""), "NotJson"),
    "a list in place of an object": (lambda exchange: exchange.json(200, [1]), "NotJson"),
    "a nesting bomb": (_nested, "NotJson"),
    "a compressed body nobody asked for": (
        lambda exchange: exchange.raw(200, b"\x1f\x8b\x08\x00garbage", {"Content-Encoding": "gzip"}),
        "NotJson",
    ),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_unreachable_within_the_bound(case: tuple[Callable[[Exchange], None], str]) -> None:
    """Whatever comes, it is one retryable error with the request in it, soon, and counted under code 0."""
    calls: list[tuple[str, str, int]] = []
    answer, reason = case
    with serve(answer) as server:
        client = server.client(on_call=lambda verb, resource, code, _: calls.append((verb, resource, code)))
        started = time.monotonic()
        with pytest.raises(errors.Unreachable) as caught:
            client.get(PATH)
        assert time.monotonic() - started < 2.0
    assert caught.value.reason == reason or not reason
    assert caught.value.retryable
    assert f"GET {PATH}" in str(caught.value)
    assert calls == [("get", "deployments", 0)]
    assert len(server.requests) == 1, "the transport repeated the request by itself"


def test_a_refused_connection_is_unreachable() -> None:
    """Nobody listens: no other exception escapes."""
    with serve(_hung) as server:
        pass
    with pytest.raises(errors.Unreachable):
        server.client().get(PATH)


def test_the_bound_on_an_object_lets_a_large_one_through() -> None:
    """The largest object etcd can keep is far below the bound."""
    big = {"data": "x" * (2 << 20)}
    assert OBJECT_LIMIT > 2 << 20
    with serve(lambda exchange: exchange.json(200, big)) as server:
        assert server.client().get(PATH) == big


def test_redirects_are_not_followed() -> None:
    """A redirect to another address is an error, and the token goes nowhere."""
    with (
        serve(lambda exchange: exchange.json(200, {})) as target,
        serve(lambda exchange: exchange.raw(307, b"", {"Location": target.url + PATH})) as server,
    ):
        with pytest.raises(errors.ApiError) as caught:
            server.client().get(PATH)
        assert caught.value.status == 307
        assert not caught.value.retryable
        assert target.requests == []


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_busy_server_is_asked_once_and_its_retry_after_is_handed_on(code: int) -> None:
    """Neither the package nor urllib3 repeats a call behind the caller's back."""
    with serve(lambda exchange: exchange.json(code, status(code, "Busy"), {"Retry-After": "7"})) as server:
        with pytest.raises(errors.Unavailable) as caught:
            server.client().get(PATH)
        assert caught.value.retry_after == 7.0
        assert len(server.requests) == 1


def test_bodies_are_written_as_go_writes_them() -> None:
    """<, > and & escaped, umlauts not: a JSON Patch's `test` is compared as text, and would never match."""
    assert encoded({"a": "<ü> & \u2028 →"}) == '{"a":"\\u003cü\\u003e \\u0026 \\u2028 →"}'.encode()


def test_a_failed_test_of_a_json_patch_is_told_from_an_invalid_object() -> None:
    """The content type of the request is part of the judgement."""
    body = status(422, "Invalid", "the server rejected our request due to an error in our request")
    with serve(lambda exchange: exchange.json(422, body)) as server:
        with pytest.raises(errors.TestFailed):
            server.client().patch(PATH, [], JSON_PATCH)
        with pytest.raises(errors.Invalid):
            server.client().patch(PATH, {}, MERGE_PATCH)


def test_every_call_is_counted_with_verb_resource_code_and_time() -> None:
    """Success, refusal and each page count once; no name ever becomes part of a count."""
    calls: list[tuple[str, str, int, float]] = []

    def answer(exchange: Exchange) -> None:
        if exchange.request.method == "POST":
            exchange.json(201, {})
        elif exchange.request.path == ALL:
            exchange.json(200, listing(1))
        else:
            exchange.json(404, status(404, "NotFound"))

    with serve(answer) as server:
        client = server.client(on_call=lambda *call: calls.append(call))
        client.create(ALL, {})
        client.list(ALL)
        with pytest.raises(errors.NotFound):
            client.get(PATH + "/scale")
    expected = [("create", "deployments", 201), ("list", "deployments", 200), ("get", "deployments/scale", 404)]
    assert [call[:3] for call in calls] == expected
    assert all(0 < call[3] < 1 for call in calls)


def test_a_list_without_a_version_to_watch_from_is_no_list() -> None:
    """Watching from nowhere would lose events without a word."""
    with (
        serve(lambda exchange: exchange.json(200, {"items": [], "metadata": {}})) as server,
        pytest.raises(errors.Unreachable, match="no list"),
    ):
        server.client().list(ALL)


def test_bounded_clients_share_the_connection_and_keep_the_hook() -> None:
    """A caller with a deadline of its own is still counted."""
    calls: list[str] = []
    with serve(_hung) as server:
        client = server.client(Timeouts(), lambda verb, *_: calls.append(verb)).bounded(Timeouts(read=0.1, total=0.2))
        started = time.monotonic()
        with pytest.raises(errors.Unreachable):
            client.get(PATH)
        assert time.monotonic() - started < 1.0
    assert calls == ["get"]
