"""Bad surroundings: each is told in a sentence with its remedy and an exit code, and never with a traceback."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.double import Double

COMMANDS = (["get"], ["get", "shop"], ["history", "shop"], ["status", "shop"], ["explain", "shop"], ["watch", "shop"],
            ["abort", "shop"])  # fmt: skip


def _named(argv: list[str]) -> str:
    return " ".join(argv)


@pytest.mark.parametrize("typed", COMMANDS, ids=_named)
def test_a_cluster_without_the_product_is_told_so(cluster: Double, run: Run, typed: list[str]) -> None:
    """The definitions are missing: every command says that it is not installed there, and how to."""
    cluster.installed = False
    said = run(*typed)
    assert said.code == 4
    assert said.err.startswith("releasectl: Release Coordinator is not installed in the cluster http://127.0.0.1:")
    assert "(context test)" in said.err and "charts/release-coordinator" in said.err


@pytest.mark.parametrize("typed", COMMANDS, ids=_named)
def test_an_expired_token_is_told_so(cluster: Double, run: Run, typed: list[str]) -> None:
    """401, also after the credentials were read again."""
    cluster.unauthorized = True
    said = run(*typed)
    assert said.code == 4
    assert "Your credentials are not accepted by the cluster" in said.err and "Log in again" in said.err


@pytest.mark.parametrize("typed", COMMANDS, ids=_named)
def test_a_cluster_that_cannot_be_reached_is_told_so(
    tmp_path: Path, run: Run, cluster: Double, monkeypatch: pytest.MonkeyPatch, typed: list[str]
) -> None:
    """With its address, its context and the reason."""
    cluster.url = "http://127.0.0.1:1"
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
    said = run(*typed)
    assert said.code == 4
    assert said.err.startswith("releasectl: No answer from the cluster http://127.0.0.1:1 (context test):")
    assert "refused" in said.err and "`kubectl config get-contexts`" in said.err


@pytest.mark.parametrize("typed", [["get"], ["get", "shop"], ["status", "shop"], ["explain", "shop"]], ids=_named)
def test_a_server_that_cannot_answer_now_is_told_so(cluster: Double, run: Run, typed: list[str]) -> None:
    """503: try again."""
    cluster.down = True
    said = run(*typed)
    assert said.code == 4
    assert "The API server cannot answer now (503 ServiceUnavailable: the server is starting). Try again." in said.err


@pytest.mark.parametrize("typed", [argv for argv in COMMANDS if "shop" in argv], ids=_named)
def test_a_release_that_does_not_exist_is_compared_with_those_that_do(cluster: Double, run: Run, typed: list[str]) -> None:
    """A slip of the finger is found; a wrong namespace, too."""
    said = run(*["shpo" if word == "shop" else word for word in typed])
    assert said.code == 4
    assert said.err.strip() == "releasectl: Release shpo does not exist in namespace prod. Did you mean shop?"
    other = run(*["inventory" if word == "shop" else word for word in typed])
    assert "There are: shop. Name another namespace with -n." in other.err
    empty = run(*typed, "-n", "elsewhere") if typed[0] == "get" else None
    assert empty is None or "There is none; `releasectl get -A` looks everywhere." in empty.err


def test_whoever_may_not_list_is_not_told_names(cluster: Double, run: Run) -> None:
    """Only that the one asked for is not there."""
    cluster.refused = {"list releases"}
    said = run("get", "shpo")
    assert said.err.strip() == "releasectl: Release shpo does not exist in namespace prod. Name the namespace with -n."


def test_a_missing_right_is_named(cluster: Double, run: Run) -> None:
    """Verb, resource, scope, and how to see when it is there."""
    cluster.refused = {"list releases"}
    here, everywhere = run("get"), run("get", "-A")
    assert (here.code, everywhere.code) == (1, 1)
    assert "You may not list releases in prod:" in here.err and "`kubectl auth can-i list releases -n prod`" in here.err
    assert "You may not list releases:" in everywhere.err and "`kubectl auth can-i list releases -A`" in everywhere.err


@pytest.mark.parametrize(("content", "words"), [
    (None, "There is no kubeconfig at"),
    ("a: [b", "cannot be read: while parsing a flow sequence"),
    ("[]", "names no current context."),
    ('{"contexts": [{"name": "a"}, {"name": "b"}]}',
     "names no current context. Choose one with `kubectl config use-context NAME` or --context NAME. There are: a, b."),
    ('{"current-context": "c", "contexts": [{"name": "a"}]}', "has no context c. There are: a."),
    ('{"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "x", "user": "y"}}]}', "cannot be used:"),
])  # fmt: skip
def test_a_kubeconfig_that_cannot_be_used_is_told_so(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, content: str | None, words: str
) -> None:
    """Missing, broken, without a current context, with a wrong one."""
    path = tmp_path / "mine"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    said = run("get")
    assert (said.code, said.out) == (4, "")
    assert words in said.err


def test_of_several_files_the_first_counts_as_for_kubectl(
    tmp_path: Path, run: Run, cluster: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KUBECONFIG may be a list; files that are not there are passed over."""
    first = tmp_path / "first"
    first.write_text(json.dumps({"current-context": "test"}))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'none'}:{first}:{cluster.kubeconfig(tmp_path)}")
    assert run("get", "shop").code == 0
    assert "There are: test." in run("get", "shop", "--context", "other").err


def test_a_file_named_by_an_option_counts_more(
    tmp_path: Path, run: Run, cluster: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--kubeconfig before KUBECONFIG."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert run("get", "shop", "--kubeconfig", str(cluster.kubeconfig(tmp_path))).code == 0


@pytest.mark.parametrize("name", ["", "..", "release/"])
def test_what_can_be_no_name_is_wrong_usage(cluster: Double, run: Run, name: str) -> None:
    """No request is made from it."""
    assert run("get", name).code == 2
