"""Contracts in `releasectl review`: by a tool that the test makes, and by the real oasdiff where it is."""

import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cli.answers import Exit
from controller.cli.contracts import compare
from controller.contracts import openapi, program
from strategies.review.contracts import Compared
from strategies.spec.change import Change
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.cli.test_review import manifests
from tests.review.subjects import FEATURE, TODAY

CHANGE = {**FEATURE, "contracts": [{"configMap": "api"}]}
_ORDER: dict[str, Any] = {"type": "object", "required": ["id", "total"],
                          "properties": {"id": {"type": "string"}, "total": {"type": "number"}}}  # fmt: skip


def contract(*paths: str, order: dict[str, Any] = _ORDER) -> str:
    """An OpenAPI document whose paths all answer with an order."""
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": order}}}}
    return yaml.safe_dump({"openapi": "3.0.3", "info": {"title": "api", "version": "1"},
                           "paths": {path: {"get": {"responses": answer}} for path in paths}})  # fmt: skip


def with_contract(image: str, text: str) -> str:
    """The team's file with the ConfigMap in it."""
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "api"}, "data": {"openapi.yaml": text}}
    return f"{manifests(image, change=CHANGE)}---\n{yaml.safe_dump(kept)}"


def compared(old: str | None, new: str | None) -> Compared:
    """One contract, compared."""
    (found,) = compare(Change.model_validate(CHANGE), lambda _: old, lambda _: new, TODAY, None)
    return found


_IS_OPENAPI = """[ "$1" = diff ] && exec echo '{"openAPI":{"from":"other","to":"3.0.3"}}'"""


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a program of these lines on the PATH as oasdiff; nothing else is on it but a shell's own tools."""

    def make(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "oasdiff"
        program.write_text(f"#!/bin/sh\n{_IS_OPENAPI}\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return make


def test_without_the_tool_nothing_counts_as_compatible(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is missing in the checklist, with where to get it, and the exit code says so."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    (tmp_path / "old.yaml").write_text(with_contract("shop:2.3.1", contract("/orders")))
    (tmp_path / "new.yaml").write_text(with_contract("shop:2.4.0", contract("/orders")))
    said = run("review", "-f", str(tmp_path / "new.yaml"), "--against", str(tmp_path / "old.yaml"))
    assert said.code == Exit.FAILED
    assert "- [ ] Compatibility: contract api: not compared, as oasdiff is not on the PATH; install it from" in said.out
    assert "- API: Unknown: contract api: not compared" in said.out


ODD = {
    "an error": ("echo 'cannot read' >&2; exit 1", "not compared: oasdiff says: cannot read"),
    "no JSON": ("echo hello", "not compared: oasdiff says: no answer that can be read"),
    "another form": ("echo '{}'", "not compared: oasdiff says: no answer that can be read"),
}


@pytest.mark.parametrize(("script", "problem"), ODD.values(), ids=ODD.keys())
def test_whatever_the_tool_says_is_no_pass_unless_it_is_a_list_of_differences(tool: Any, script: str, problem: str) -> None:
    """Each is told in the tool's own first line."""
    tool(script)
    assert compared(contract("/a"), contract("/a")) == Compared(name="api", problem=problem)


def test_an_answer_without_end_is_told(tool: Any) -> None:
    """It ends where there is no more room for it."""
    tool("exec cat /dev/zero")
    with pytest.raises(program.NotCompared, match="oasdiff finds more than 1 MiB of differences"):
        openapi.compare(contract("/a"), contract("/a"), program.Bounds(output=2**20))


def test_findings_become_two_lists_and_an_unknown_level_breaks(tool: Any) -> None:
    """Warnings and errors break; what is only about the version in the document is none."""
    tool("""echo '[{"text":"a","level":3,"operation":"GET","path":"/x"},{"text":"b","level":2},{"id":"c","level":1},'
            echo '{"text":"d"},{"text":"version","level":1,"section":"info"}]'""")  # fmt: skip
    assert compared(contract("/a"), contract("/b")) == Compared(name="api", breaking=("GET /x: a", "b", "d"), safe=("c",))


@pytest.mark.usefixtures("oasdiff")
def test_what_is_no_contract_is_told() -> None:
    """A document of another kind would be compatible with everything."""
    assert compared("a: 1", contract("/a")).problem == "the older one is no OpenAPI 3 document"
    assert compared(contract("/a"), 'swagger: "2.0"').problem == "the newer one is no OpenAPI 3 document"
    assert compared(contract("/a"), "{").problem.startswith("the newer one cannot be read; oasdiff says: ")


def test_what_there_is_not_is_told() -> None:
    """A file that is not given is a problem; where there was none before, it is the first one."""
    assert compared(contract("/a"), None).problem.startswith("ConfigMap api with the key openapi.yaml is nowhere")
    assert compared(None, contract("/a")) == Compared(name="api", first=True)


def test_against_the_cluster_the_older_contract_is_the_one_that_is_there(run: Run, cluster: Double, tmp_path: Path) -> None:
    """One that may not be read is no first one."""
    path = tmp_path / "new.yaml"
    path.write_text(with_contract("shop:2.4.0", contract("/orders")))
    assert "contract api (the first one)" in run("review", "-f", str(path)).out
    cluster.refused.add("get configmaps")
    assert "contract api: you may not get configmaps in prod" in run("review", "-f", str(path)).out


@pytest.mark.usefixtures("oasdiff")
def test_the_real_tool_finds_what_breaks_and_what_does_not() -> None:
    """An endpoint and a field that go, a type that changes; an endpoint that comes."""
    assert compared(contract("/orders"), contract("/orders")) == Compared(name="api")
    grown = compared(contract("/orders"), contract("/orders", "/new"))
    assert (grown.breaking, grown.safe) == ((), ("GET /new: endpoint added",))
    assert any("/orders" in line for line in compared(contract("/orders", "/a"), contract("/a")).breaking)
    other = {**_ORDER, "required": ["id"], "properties": {"id": {"type": "integer"}}}
    lines = compared(contract("/orders"), contract("/orders", order=other)).breaking
    assert any("total" in line for line in lines)
    assert any("integer" in line for line in lines)


@pytest.mark.usefixtures("oasdiff")
def test_the_same_said_otherwise_is_the_same() -> None:
    """A schema, and one that is put together by allOf."""
    assert compared(contract("/orders"), contract("/orders", order={"allOf": [_ORDER]})) == Compared(name="api")


def test_what_cannot_be_flattened_is_compared_as_it_is_written(tool: Any) -> None:
    """Schemas that combine too many others are compared all the same."""
    tool("""case "$*" in *flatten*) exit 1;; esac; echo '[{"text":"a","level":3}]'""")
    assert compared(contract("/a"), contract("/b")) == Compared(name="api", breaking=("a",))


@pytest.mark.usefixtures("oasdiff")
def test_the_real_tool_fetches_nothing() -> None:
    """A reference to another address is a problem, not a request."""
    order = {"$ref": "http://127.0.0.1:9/other.yaml"}
    assert compared(contract("/orders"), contract("/orders", order=order)).problem.startswith("the newer one cannot be read")
