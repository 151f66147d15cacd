"""A metric source that misbehaves gives Unknown, in time and in words, and never an exception or a number."""

import gzip
import math
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from controller.metrics.source import PrometheusSource, SourceSettings
from strategies.analysis.series import Native, Series
from strategies.analysis.verdict import Sample, Unknown, window_key
from tests.metrics.server import (
    AT,
    QUICK,
    Behaviour,
    Exchange,
    Server,
    ask,
    endless_body,
    reply,
    scalar,
    slow_body,
    slow_head,
    vector,
)


def hang(exchange: Exchange) -> None:
    """Answer nothing."""
    exchange.pause(5)


def cut(exchange: Exchange) -> None:
    """Break off in the body."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")


def matrix() -> dict[str, Any]:
    """Make an answer with a range of values."""
    return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "1"]]}]}}


def error(kind: str, text: str) -> dict[str, Any]:
    """Make an error as Prometheus words it."""
    return {"status": "error", "errorType": kind, "error": text}


BOMB = gzip.compress(b" " * 50_000_000)
HISTOGRAM = {
    "status": "success",
    "data": {"resultType": "vector", "result": [{"metric": {}, "histogram": [1_700_000_000, {"count": "1"}]}]},
}

UNKNOWN: dict[str, tuple[Behaviour, str, str]] = {
    "no series": (reply(vector()), "NoSeries", "no series match the query"),
    "no series, with a remark": (reply(vector(infos=["PromQL info: x"])), "NoSeries", "PromQL info: x"),
    "several series": (reply(vector("1", "2")), "SeveralSeries", "2 series"),
    "NaN": (reply(vector("NaN")), "NotANumber", "the answer is NaN"),
    "infinity": (reply(vector("+Inf")), "NotANumber", "the answer is +inf"),
    "minus infinity as a scalar": (reply(scalar("-Inf")), "NotANumber", "the answer is -inf"),
    "a partial answer": (reply(vector("1", warnings=["store a is gone"])), "PartialResponse", "store a is gone"),
    "a partial answer without series": (reply(vector(warnings=["gone"])), "PartialResponse", "gone"),
    "an old timestamp": (reply(vector("1", at=1_699_999_900)), "Stale", "another time"),
    "a timestamp that is no number": (reply(vector("1", at=math.nan)), "Stale", "another time"),
    "a range of values": (reply(matrix()), "WrongType", "matrix"),
    "a native histogram": (reply(HISTOGRAM), "Histogram", "histogram_quantile()"),
    "a value that is no number": (reply(vector("many")), "Malformed", "Prometheus' form"),
    "a refused query": (reply(error("bad_data", "parse error: x"), 400), "BadQuery", "parse error: x"),
    "a query that cannot be evaluated": (reply(error("execution", "many-to-many"), 422), "BadQuery", "many-to-many"),
    "no permission": (reply(b"no", 401, "text/plain"), "Unauthorized", "HTTP 401"),
    "a wrong path": (reply(b"<html>", 404, "text/html"), "NotPrometheus", "check its path"),
    "unavailable": (reply(b"<html>down</html>", 503, "text/html"), "ServerError", "HTTP 503"),
    "a timeout inside Prometheus": (reply(error("timeout", "query timed out"), 503), "ServerError", "query timed out"),
    "too many requests": (reply(b"", 429), "TooManyQueries", "too often"),
    "a redirect": (reply(b"", 302, extra="Location: http://127.0.0.1:1/\r\n"), "Redirected", "final address"),
    "a login page": (reply(b"<html>login</html>", 200, "text/html"), "NotPrometheus", "login page"),
    "an error with status 200": (reply(error("x", "y")), "NotPrometheus", "not as Prometheus"),
    "garbage in JSON": (reply(b"{{{{"), "NotPrometheus", "not as Prometheus"),
    "JSON that is a list": (reply(b"[]"), "NotPrometheus", "not as Prometheus"),
    "JSON without data": (reply(b"{}"), "NotPrometheus", "not as Prometheus"),
    "JSON nested without end": (reply(b"[" * 100_000), "NotPrometheus", "not as Prometheus"),
    "a result that is null": (
        reply({"status": "success", "data": {"resultType": "vector", "result": None}}),
        "Malformed",
        "form",
    ),
    "series that are numbers": (
        reply({"status": "success", "data": {"resultType": "vector", "result": [1]}}),
        "Malformed",
        "form",
    ),
    "garbage instead of HTTP": (
        lambda exchange: exchange.send(b"\x00\x01 garbage\r\n\r\n"),
        "ConnectionLost",
        "broke off",
    ),
    "nothing at all": (lambda exchange: None, "ConnectionLost", "broke off"),
    "half a body": (cut, "ConnectionLost", "broke off"),
    "a big body": (reply(b" " * (1 << 20) + b"{}"), "TooLarge", "1048576 bytes"),
    "a body without end": (endless_body, "TooLarge", "1048576 bytes"),
    "a gzip bomb": (reply(BOMB, extra="Content-Encoding: gzip\r\n"), "Encoded", "compressed"),
}


@pytest.mark.parametrize(("behaviour", "reason", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown(behaviour: Behaviour, reason: str, message: str) -> None:
    """What is not one finite, fresh, complete number is Unknown, and is asked for once only."""
    with Server(behaviour) as server:
        answer = ask(server)
        assert isinstance(answer, Unknown)
        assert (answer.reason, message in answer.message) == (reason, True), answer
        assert len(server.heads) == 1


@pytest.mark.parametrize("behaviour", [hang, slow_head, slow_body], ids=["hangs", "slow head", "slow body"])
def test_the_deadline_holds_against_a_server_that_trickles(behaviour: Behaviour) -> None:
    """The deadline is for the whole query, not for each byte of it."""
    with Server(behaviour) as server:
        began = time.monotonic()
        answer = ask(server, deadline=QUICK)
        assert isinstance(answer, Unknown)
        assert answer.reason == "Timeout"
        assert QUICK * 0.9 < time.monotonic() - began < QUICK + 0.5


def test_the_deadline_holds_when_nobody_accepts() -> None:
    """A full backlog makes connecting hang: the connect timeout ends it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        held = [socket.socket() for _ in range(4)]
        for each in held:
            each.settimeout(0)
            each.connect_ex(listener.getsockname())
        began = time.monotonic()
        answer = ask(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=0.3, deadline=5)
        assert isinstance(answer, Unknown)
        assert answer.reason == "Timeout"
        assert time.monotonic() - began < 1
        for each in held:
            each.close()


def test_a_refused_connection_says_so() -> None:
    """Nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = ask(f"http://127.0.0.1:{port}")
    assert isinstance(answer, Unknown)
    assert answer.reason == "Refused"


def test_a_name_without_address_says_so() -> None:
    """`.invalid` never resolves."""
    answer = ask("http://prometheus.invalid")
    assert isinstance(answer, Unknown)
    assert answer.reason == "NameNotFound"


@pytest.mark.parametrize("body", [vector("0.5"), scalar("0.5")], ids=["vector", "scalar"])
def test_a_number_is_a_sample(body: dict[str, Any]) -> None:
    """A vector of one series and a scalar are samples of the time that was asked for."""
    with Server(reply(body)) as server:
        assert ask(server.url + "/prefix/") == Sample(value=0.5, at=AT, key=window_key(AT))
        assert server.heads[0].startswith("GET /prefix/api/v1/query?query=up&time=1700000000.000&timeout=10s HTTP/1.1")


def test_infos_do_not_hide_a_number() -> None:
    """Prometheus adds infos to right answers; warnings are another matter."""
    with Server(reply(vector("1", infos=["metric might not be a counter"]))) as server:
        assert isinstance(ask(server), Sample)


def test_the_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a proxy nor a password of the environment is used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Server(reply(vector("1"))) as server:
        assert isinstance(ask(server), Sample)


def test_a_source_works_on_after_each_failure() -> None:
    """A connection that failed in the middle of an answer is not used for the next one."""
    with Server(slow_body) as server:
        source = PrometheusSource(SourceSettings(url=server.url, deadline=QUICK))
        for bad in (slow_body, endless_body, cut, reply(b"{")):
            server.behaviour = bad
            assert isinstance(source.query("up", AT), Unknown)
            server.behaviour = reply(vector("7"))
            assert source.query("up", AT) == Sample(value=7.0, at=AT, key=window_key(AT))
        source.close()


def test_a_token_file_is_read_for_each_query(tmp_path: Path) -> None:
    """A rotated token is used without a restart, and a file that is gone is Unknown."""
    file = tmp_path / "token"
    with Server(reply(vector("1"))) as server:
        source = PrometheusSource(SourceSettings(url=server.url, token_file=file))
        for token in ("one", "two"):
            file.write_text(token + "\n")
            assert isinstance(source.query("up", AT), Sample)
            assert f"Authorization: Bearer {token}\r\n" in server.heads[-1]
        file.unlink()
        answer = source.query("up", AT)
        assert isinstance(answer, Unknown)
        assert answer.reason == "BadCredentials"
        source.close()


def test_basic_authentication_is_sent() -> None:
    """User and password go out in the usual header."""
    with Server(reply(vector("1"))) as server:
        ask(server, username="me", password="pässword")
        assert "Authorization: Basic bWU6cMOkc3N3b3Jk\r\n" in server.heads[0]


def test_a_secret_that_a_server_sends_back_is_not_shown() -> None:
    """No byte of a token reaches a message, not even one that is cut in the middle; nor does it reach a repr."""
    secret = "s3cr3t-" * 20

    def echo(exchange: Exchange) -> None:
        said = "x" * 200 + exchange.header("Authorization")
        reply(error("bad_data", said), 400)(exchange)

    with Server(echo) as server:
        answer = ask(server, token=secret)
        assert isinstance(answer, Unknown)
        assert "s3cr3t" not in answer.message
        assert "…" in answer.message
    answer = ask(server, token="s3cr3t\nX-Injected: 1")
    assert isinstance(answer, Unknown)
    assert "s3cr3t" not in answer.message
    assert answer.reason == "BadCredentials"
    assert "s3cr3t" not in repr(SourceSettings(url="http://x", token=secret))


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://x"},
        {"url": "http://"},
        {"url": "http://user:pw@x"},
        {"url": "http://x?a=b"},
        {"url": "http://x", "token": "a", "username": "b"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    """Other schemes, credentials in the address and two ways to authenticate are errors, which show no secret."""
    with pytest.raises(ValueError, match="metric source") as refused:
        SourceSettings(**wrong)
    assert "pw" not in str(refused.value)


def raw(server: Server, **settings: Any) -> tuple[Series, ...] | Unknown:
    """Ask for raw samples once."""
    source = PrometheusSource(SourceSettings(url=server.url, **settings))
    try:
        return source.series("x[1m]", AT)
    finally:
        source.close()


def rows(*found: dict[str, Any], **top: Any) -> dict[str, Any]:
    """A successful answer to a range selector."""
    return {"status": "success", "data": {"resultType": "matrix", "result": list(found)}, **top}


def test_raw_samples_are_read_with_their_labels_but_not_the_name() -> None:
    """NaN stays what it is: whoever counts says what it means. A native histogram is known for one."""
    counter = {"metric": {"__name__": "x", "pod": "a"}, "values": [[1.5, "3"], [2.5, "NaN"]]}
    buckets = [[0, "0.25", "0.3535533905932738", "5"], [3, "-0.001", "0.001", "2"]]
    native = {"metric": {"pod": "b"}, "histograms": [[1, {"count": "7", "sum": "1.5", "buckets": buckets}], [2, {"count": "0"}]]}
    with Server(reply(rows(counter, native))) as server:
        found = raw(server)
    assert isinstance(found, tuple)
    assert found[0].labels == {"pod": "a"}
    assert found[0].samples[0] == (1.5, 3.0)
    assert math.isnan(found[0].samples[1][1])
    assert found[1].histograms[0] == Native(at=1, count=7, buckets=((0.25, 0.3535533905932738, 5), (-0.001, 0.001, 2)))
    assert found[1].histograms[1] == Native(at=2, count=0, buckets=())
    assert not found[0].native


BAD_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "a partial answer": (rows(warnings=["store a is gone"]), "PartialResponse"),
    "an answer of another type": (vector("1"), "WrongType"),
    "a series without labels": (rows({"values": []}), "Malformed"),
    "a value that is none": (rows({"metric": {}, "values": [[1, "many"]]}), "Malformed"),
    "half a sample": (rows({"metric": {}, "values": [[1]]}), "Malformed"),
    "20,001 series": (rows(*({"metric": {"i": str(i)}, "values": []} for i in range(20_001))), "TooManySeries"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_an_answer_that_is_no_raw_samples_is_unknown(case: str) -> None:
    """With its reason, and no exception."""
    body, reason = BAD_ROWS[case]
    with Server(reply(body)) as server:
        found = raw(server)
    assert isinstance(found, Unknown)
    assert found.reason == reason


def test_raw_samples_may_be_larger_than_a_number_and_are_bounded_too() -> None:
    """Two megabytes are read; what is beyond the limit is Unknown, and no more of it is read."""
    with Server(reply(rows({"metric": {"filler": "x" * (2 << 20)}, "values": []}))) as server:
        assert isinstance(raw(server), tuple)
        answer = ask(server)
        assert isinstance(answer, Unknown)
        assert answer.reason == "TooLarge"
    with Server(endless_body) as server:
        found = raw(server)
        assert isinstance(found, Unknown)
        assert "larger than 8388608 bytes" in found.message
