"""`releasectl lint`: each mistake is found, at its place, with its remedy; nothing right is refused; nothing crashes it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.api.crds import custom_resource_definitions
from controller.cli.answers import Exit, Problem
from controller.cli.findings import Finding, Severity
from controller.cli.judging import KINDS
from controller.cli.lint import Source, check, lint
from tests.cli.lint_cases import CASES, DEPLOYMENT, GATE, HEAD, ROUTE, SERVICE, release
from tests.cli.manifests import ACCEPTED, REFUSED_AT_APPLY, REFUSED_BY_THE_CONTROLLER, Mistake

ROOT = Path(__file__).parents[2]
def found(text: str, *severities: Severity) -> list[Finding]:
    """What lint says about a text; without hints unless they are asked for."""
    every = check([Source(file="release.yaml", text=text)])
    return [each for each in every if each.severity in (severities or (Severity.ERROR, Severity.WARNING))]


def told(text: str) -> list[tuple[str, str, str]]:
    """Errors and warnings in a form that is easily compared: place, path, message and remedy."""
    return [(f"{e.place.line}:{e.place.column}", e.path, f"{e.severity}: {e.message} {e.remedy}".strip()) for e in found(text)]


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_found_at_its_place_with_its_remedy(case: str) -> None:
    """Line and column, the field's path, what is wrong, what to do; and nothing else is said."""
    text, expected = CASES[case]
    assert told(text) == expected


@pytest.mark.parametrize("folder", ["examples", "charts/release-coordinator/templates/crds"])
def test_what_ships_is_clean(folder: str) -> None:
    """No error and no warning in the examples; other kinds are passed over."""
    done = run("-R", "--strict", str(ROOT / folder))
    assert (done.exit_code, done.stdout) == (Exit.OK, "")


def rules() -> set[tuple[str, str]]:
    """Kind and message of every CEL rule of the CRDs that looks at the object alone, not at the one before."""

    def below(schema: Any) -> list[str]:
        if not isinstance(schema, dict):
            return [message for each in schema for message in below(each)] if isinstance(schema, list) else []
        mine = [r["message"] for r in schema.get("x-kubernetes-validations", []) if "oldSelf" not in r["rule"]]
        return mine + [message for value in schema.values() for message in below(value)]

    definitions = custom_resource_definitions().values()
    return {(d["spec"]["names"]["kind"], message) for d in definitions for message in below(d["spec"]["versions"])}


def test_every_rule_of_the_definitions_is_broken_by_a_manifest_of_the_table() -> None:
    """So that no CEL rule can be added without its twin in the models."""
    assert {(m.kind, m.rule) for m in REFUSED_AT_APPLY.values() if m.rule} == rules()


def refused_by_lint(mistake: Mistake) -> bool:
    """Whether lint finds an error."""
    return bool(found(yaml.safe_dump(mistake.manifest()), Severity.ERROR))


def refused_by_the_models(mistake: Mistake) -> bool:
    """Whether the model takes the spec as the controller reads it."""
    try:
        KINDS[mistake.kind].model_validate(mistake.manifest()["spec"])
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("case", REFUSED_AT_APPLY)
def test_what_the_api_server_refuses_lint_refuses(case: str) -> None:
    """tests/real/releases/test_lint.py holds the same table against the API server."""
    assert refused_by_lint(REFUSED_AT_APPLY[case])


@pytest.mark.parametrize("case", [case for case, mistake in REFUSED_AT_APPLY.items() if mistake.rule and not mistake.metadata])
def test_what_a_rule_of_the_definitions_says_of_a_spec_the_models_say(case: str) -> None:
    """The controller reads what a cluster without the rule has let in."""
    assert refused_by_the_models(REFUSED_AT_APPLY[case])


@pytest.mark.parametrize("case", REFUSED_BY_THE_CONTROLLER)
def test_what_the_controller_refuses_lint_refuses(case: str) -> None:
    """PromQL is parsed by the same code."""
    mistake = REFUSED_BY_THE_CONTROLLER[case]
    assert refused_by_the_models(mistake)
    assert refused_by_lint(mistake)


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_right_lint_accepts(case: str) -> None:
    """A lint that cries wolf is switched off."""
    assert not refused_by_lint(ACCEPTED[case])


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    """releasectl lint; its output and exit code."""
    return CliRunner().invoke(lint, list(arguments), input=text, standalone_mode=False)


def code(done: Result) -> object:
    """The exit code, also of a Problem."""
    return done.exception.code if isinstance(done.exception, Problem) else done.return_value


def test_json_has_every_finding_and_the_counts() -> None:
    """For editors and pipelines."""
    done = run("-o", "json", "-", text=release("  stratgy: {}\n"))
    assert json.loads(done.stdout) == {
        "findings": [{"file": "<stdin>", "line": 6, "column": 3, "severity": "error", "path": "spec.stratgy",
                      "message": "there is no field stratgy", "remedy": "Did you mean strategy?"}],
        "files": 1, "errors": 1, "warnings": 0, "hints": 0,
    }  # fmt: skip
    assert code(done) == Exit.FAILED


def test_text_has_a_place_that_editors_understand() -> None:
    """file:line:column: severity: path: message, and the remedy below."""
    done = run("-", text=release("  stratgy: {}\n"))
    first, second = done.stdout.splitlines()[:2]
    assert first == "<stdin>:6:3: error: spec.stratgy: there is no field stratgy"
    assert second == "    Did you mean strategy?"
    assert done.stderr == "1 error in 1 file\n"


def test_warnings_fail_only_when_strict() -> None:
    """Exit 0 and 1."""
    text = HEAD + "  workloadRef: {name: shop}\n"
    assert code(run("-", text=text)) == Exit.OK
    assert code(run("--strict", "-", text=text)) == Exit.FAILED


def test_a_hint_says_what_was_not_compared_and_fails_nothing() -> None:
    """The Deployment may be in the cluster."""
    text = release("  traffic: {httpRoute: {name: shop}}\n")
    (hint,) = found(text, Severity.HINT)
    assert hint.message == "not compared with Deployment shop, HTTPRoute shop: not among these files"
    assert code(run("--strict", "-", text=text)) == Exit.OK
    assert not found(text + DEPLOYMENT + SERVICE + ROUTE, *Severity)


def test_a_directory_is_read_and_deeper_ones_only_when_asked(tmp_path: Path) -> None:
    """As kubectl does with -f and -R; what is no manifest is passed over."""
    (tmp_path / "deeper").mkdir()
    (tmp_path / "values.yaml").write_text("replicas: 2\n")
    (tmp_path / "notes.txt").write_text("[")
    (tmp_path / "deeper" / "release.yml").write_text(release("  stratgy: {}\n"))
    assert code(run(str(tmp_path))) == Exit.OK
    done = run("-R", str(tmp_path))
    assert code(done) == Exit.FAILED
    assert done.stdout.startswith(f"{tmp_path}/deeper/release.yml:6:3: error: ")


def test_manifests_of_one_name_in_several_folders_are_not_mixed_up(tmp_path: Path) -> None:
    """Each Release is compared with what stands beside it."""
    for folder, strategy in (("a", "RollingUpdate"), ("b", "Recreate")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "release.yaml").write_text(release(""))
        (tmp_path / folder / "shop.yaml").write_text(DEPLOYMENT.replace("replicas: 4", f"strategy: {{type: {strategy}}}"))
    done = run("-R", str(tmp_path))
    assert [line.split(":")[0] for line in done.stdout.splitlines() if ": error: " in line] == [f"{tmp_path}/b/release.yaml"]


@pytest.mark.parametrize(("name", "said"), [("nosuch.yaml", "cannot be read: No such file"), (".", "has no files that end in")])
def test_what_cannot_be_read_is_wrong_usage(tmp_path: Path, name: str, said: str) -> None:
    """Exit 2, with the reason and what to do."""
    done = run(str(tmp_path / name))
    assert code(done) == Exit.USAGE
    assert said in str(done.exception)


def test_bytes_that_are_no_text_are_wrong_usage() -> None:
    """Not a traceback."""
    done = run("-", text=b"\xff\xfe\x00")
    assert code(done) == Exit.USAGE
    assert "is no text in UTF-8" in str(done.exception)


@pytest.mark.parametrize("text", [
    "a: &a [*a]", "[" * 5000, "{" * 5000, "\x00", "a: !!binary x\n", "? [1]\n: 2\n", "<<: 1", "a: !!int x", "a: " + "9" * 5000,
    "a: 1e999", "%YAML 9.9\n---\na: 1", "a: \"\\ud800\"", "&a : *a", "- *x", "\ufeff{}",
    "\n".join(["a: &a0 x"] + [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]),
])  # fmt: skip
def test_odd_yaml_is_a_finding_and_no_crash(text: str) -> None:
    """Cycles, bombs, depth, bytes: each ends in time, with something to say or not."""
    check([Source(file="x", text=text), Source(file="y", text=release(f"  gates: {json.dumps(text)}\n"))])


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
fields = ["apiVersion", "kind", "metadata", "spec", "items", "strategy", "canary", "steps", "weight", "gates", "threshold",
          "query", "name", "template", "selector", "rules", "backendRefs"]  # fmt: skip
names = st.sampled_from(fields) | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=8
)
objects = st.fixed_dictionaries(
    {"apiVersion": st.sampled_from(["release-coordinator.io/v1alpha1", "apps/v1", "v1", "gateway.networking.k8s.io/v1"]) | values,
     "kind": st.sampled_from(["Release", "MetricSource", "Deployment", "Service", "HTTPRoute", "List"]) | values},
    optional={"metadata": st.fixed_dictionaries({"name": st.just("shop") | values}) | values, "items": values,
              "spec": st.fixed_dictionaries({"workloadRef": st.just({"name": "shop"})}, optional=dict.fromkeys(
                  ["strategy", "gates", "template", "selector", "rules", "traffic"], values)) | values},
)  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(objects, max_size=4))
def test_no_object_crashes_it(given_objects: list[object]) -> None:
    """Whatever stands in an object, of ours or of others."""
    text = "---\n".join(yaml.safe_dump(each, allow_unicode=True) for each in given_objects)
    for finding in check([Source(file="x", text=text), Source(file="y", text=release("") + DEPLOYMENT + SERVICE + ROUTE)]):
        assert finding.place.line >= 1
        assert finding.message


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.sampled_from(list("abk:-[]{}&*!|>'\"%@`#,? \n\t<0.1$")) | st.characters(), max_size=80))
def test_no_text_crashes_it(text: str) -> None:
    """Whatever stands in a file, and in a query."""
    check([Source(file="x", text=text), Source(file="y", text=release(GATE + json.dumps(text) + "\n"))])
