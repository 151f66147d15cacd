"""What the design forbids and no type checker sees: layers, purity, ceilings, and lists that must name everything."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.api import names
from controller.api.crds import custom_resource_definitions
from controller.reconcile import perform
from strategies.rollout import requests
from strategies.rollout.order import ORDER
from strategies.rollout.wanted import Mode
from strategies.world import effects

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts" / "release-coordinator" / "templates"
PLAYGROUND = sorted(ROOT.glob("playground/**/*.py"))
PRODUCT = sorted([*ROOT.glob("controller/**/*.py"), *ROOT.glob("strategies/**/*.py"), *PLAYGROUND])
PURE = sorted(ROOT.glob("strategies/**/*.py"))
TESTS = sorted(ROOT.glob("tests/**/*.py"))
WRITTEN = ("controller/**/*.py", "strategies/**/*.py", "playground/**/*.py", "tests/**/*.py", "bench/**/*.py", "charts/**/*",
           "docs/**/*", "examples/**/*", "*.md", "*.toml", "Containerfile", "Makefile")  # fmt: skip
TEXTS = sorted(path for pattern in WRITTEN for path in ROOT.glob(pattern) if path.is_file() and path != Path(__file__))
FORBIDDEN_MODULES = {"time", "random", "os", "socket", "threading", "logging", "subprocess", "asyncio", "multiprocessing",
                     "select",
                     "secrets", "pathlib", "io", "shutil", "tempfile", "urllib", "http", "ssl", "signal", "sched", "queue",
                     "concurrent", "importlib", "sys"}  # fmt: skip
# What serves the playground to people may use real time; nothing else in it may.
REAL_TIME = ("server.py", "driving.py", "front.py", "__main__.py", "demo/")
SAME_AGAIN = [path for path in PLAYGROUND if not str(path.relative_to(ROOT / "playground")).startswith(REAL_TIME)]
FORBIDDEN_ON_THE_LOOP = {"time", "socket", "threading", "subprocess", "asyncio", "multiprocessing", "select", "secrets", "sched",
                         "concurrent", "signal"}  # fmt: skip
FORBIDDEN_CALLS = {"open", "print", "__import__", "exec", "eval", "input", "globals", "breakpoint"}
FORBIDDEN_CLOCKS = {"now", "utcnow", "today"}


def name_of(path: Path) -> str:
    """A file, for the test's name."""
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def impurities(code: ast.Module) -> Iterator[str]:
    """What a syntax tree takes from the world: modules, calls, clocks."""
    for node in ast.walk(code):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"line {node.lineno}: import {name}" for name in found if name.partition(".")[0] in FORBIDDEN_MODULES)
        if isinstance(node, ast.Name) and node.id in FORBIDDEN_CALLS:
            yield f"line {node.lineno}: {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_CLOCKS:
            # `turn.now` is the time that was handed in; only classes have clocks.
            owner = getattr(node.value, "id", getattr(node.value, "attr", ""))
            if owner in ("datetime", "date"):
                yield f"line {node.lineno}: {owner}.{node.attr}"


def functions(code: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions, inner ones and methods among them."""
    yield from (node for node in ast.walk(code) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_the_layers_of_the_design_are_kept() -> None:
    """import-linter's contracts in pyproject.toml."""
    program = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_the_core_takes_nothing_from_the_world(path: Path) -> None:
    """No clock, file, chance, thread, log or late import anywhere in strategies."""
    assert list(impurities(tree(path))) == []


@pytest.mark.parametrize("path", SAME_AGAIN, ids=name_of)
def test_the_playground_does_the_same_again(path: Path) -> None:
    """From the same seed: its parts have no clock, thread or chance but the loop's and the Random that they are given."""
    imported: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module or ""}
            imported |= found if isinstance(node, ast.Import) else set()
            assert not {name.partition(".")[0] for name in found} & FORBIDDEN_ON_THE_LOOP, f"line {node.lineno}"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            where, used = f"line {node.lineno}", f"{node.value.id}.{node.attr}"
            assert used not in {"datetime.now", "datetime.utcnow", "date.today", "uuid.uuid1", "uuid.uuid4"}, where
            assert node.value.id != "random" or "random" not in imported or node.attr == "Random", where


@pytest.mark.parametrize("line", [
    "import time", "from os import path", "import datetime\ndatetime.datetime.now()",
    "from datetime import datetime\ndatetime.utcnow()",
    "date.today()", "f = open", "__import__('time')", "print(1)", "import urllib.request", "eval('1')",
])  # fmt: skip
def test_the_walk_sees_what_it_looks_for(line: str) -> None:
    """A walk that finds nothing proves nothing."""
    assert list(impurities(ast.parse(line)))


@pytest.mark.parametrize("path", [*PRODUCT, *TESTS], ids=name_of)
def test_files_and_functions_stay_below_the_ceilings(path: Path) -> None:
    """400 lines a file, 60 a function, 6 arguments (self apart; of the product)."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, "more than 400 lines"
    for function in functions(tree(path)):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        assert length <= 60, f"{function.name} has {length} lines"
        given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        given = [argument for argument in given if argument.arg not in ("self", "cls")]
        assert len(given) <= 6 or path in TESTS, f"{function.name} takes {len(given)} arguments"


@pytest.mark.parametrize("path", [*PRODUCT, *(p for p in TESTS if p.stem != "__init__")], ids=name_of)
def test_every_module_says_why_it_exists(path: Path) -> None:
    """In its docstring."""
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_file_has_a_name_that_says_nothing(path: Path) -> None:
    """utils, helpers and the like collect what belongs elsewhere."""
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc", "shared", "base_utils"}


def test_every_effect_has_a_performer() -> None:
    """An effect that nothing carries out would be wanted for ever."""
    every = {kind for kind in vars(effects).values() if isinstance(kind, type) and issubclass(kind, effects.Effect)}
    assert set(perform._PERFORM) == every - {effects.Effect}


def test_every_mode_has_an_order() -> None:
    """And each order is a list of stages, each with its reason in the docstring."""
    assert set(ORDER) == set(Mode)
    assert all(stage.__doc__ for stages in ORDER.values() for stage in stages)


@pytest.mark.parametrize(
    "file",
    [f"{each}.yaml" for each in ("releases", "metricsources", "gatetemplates", "clustergatetemplates", "releasepolicies",
                                 "releasetrains")],
)
def test_the_chart_s_definitions_are_those_of_the_models(file: str) -> None:
    """`make crds` was not forgotten."""
    made = custom_resource_definitions()
    assert set(made) == {path.name for path in (CHART / "crds").iterdir()}
    assert yaml.safe_load((CHART / "crds" / file).read_text(encoding="utf-8")) == made[file]


def test_every_field_of_every_resource_teaches() -> None:
    """`kubectl explain` has a sentence for each."""

    def silent(schema: dict[str, Any], path: str) -> Iterator[str]:
        for name, field in schema.get("properties", {}).items():
            if not re.match(r"[A-Z`<].*[.)]$", field.get("description", "")):
                yield f"{path}.{name}"
            yield from silent(field.get("items", field), f"{path}.{name}")

    for kind, made in custom_resource_definitions().items():
        whole = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        ours = {part: schema for part, schema in whole.items() if part in ("spec", "status")}
        assert list(silent({"properties": ours}, kind)) == []


def test_the_policies_use_our_names_and_no_others() -> None:
    """Each name of the group in the policies is one of controller.api.names, a request, or the notice between two policies."""
    known = {value for key, value in vars(names).items() if key.isupper() and str(value).startswith(f"{names.GROUP}/")}
    known |= {f"{names.GROUP}/{key}" for key in requests.KEYS} | {f"{names.GROUP}/kept-back", f"{names.GROUP}/{names.VERSION}"}
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((CHART / "policies").iterdir()))
    used = {found.rstrip("-") for found in re.findall(rf"{re.escape(names.GROUP)}/[a-z0-9-]+", text)}
    assert used - known == set()
    for name in (names.RELEASE, names.HELD, names.DRIVEN, names.PIN, names.STRATEGY, names.CHANGED_BY, names.REQUESTED_BY,
                 names.BREAK_GLASS, names.BROKEN_BY):  # fmt: skip
        assert name in text or f"'{name.rpartition('/')[2]}'" in text, f"{name} is in no policy"


def test_the_policies_know_every_request() -> None:
    """Who asked is stamped for each of them, and for nothing else."""
    text = (CHART / "policies" / "_variables.tpl").read_text(encoding="utf-8")
    (listed,) = re.findall(r"\[([^]]+)\]\.map\(r, 'release-coordinator\.io/' \+ r\)", text)
    assert set(re.findall(r"'([a-z]+)'", listed)) == set(requests.KEYS)


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_file_knows_the_machine_it_was_written_on(path: Path) -> None:
    """No path of a developer's machine."""
    machine = "|".join(("/" + "work/", "/" + "root/", "/" + "home/[a-z]", "/" + "tmp/[a-z]", "/" + "farm/"))
    text = path.read_text(encoding="utf-8", errors="ignore")
    assert re.findall(rf"(?<![\w.}}])(?:{machine})\S*", text) == []
