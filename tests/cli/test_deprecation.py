"""For how long what an OpenAPI contract deprecates stays: by the real oasdiff, and in `releasectl review`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cli.answers import Exit
from controller.cli.contracts import compare
from controller.contracts import openapi
from strategies.analysis.verdict import Unknown
from strategies.review.contracts import Compared, Period, longest
from strategies.spec.change import Change
from strategies.spec.policy import ReleasePolicySpec
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.cli.test_contracts import with_contract
from tests.review.subjects import FEATURE, TODAY

PERIOD = Period(days=90, policy="careful")
ASKED = "; ReleasePolicy careful asks for an x-sunset at least 90 days ahead"
OLD: dict[str, Any] = {"deprecated": True}
"""As far as an operation, a parameter or a property is deprecated, without a date."""


def ahead(days: int) -> str:
    """The day that far from today."""
    return str((datetime.now(UTC) + timedelta(days=days)).date())


def until(days: int) -> dict[str, Any]:
    """Deprecated, and to be removed in so many days."""
    return {**OLD, "x-sunset": ahead(days)}


def contract(operation: dict[str, Any] | None, *, parameter: dict[str, Any] | None = None) -> str:
    """A document whose only operation beside one that stays has these fields; its parameter, too."""
    answers = {"responses": {"200": {"description": "ok"}}}
    takes = {"parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}, **(parameter or {})}]}
    paths: dict[str, Any] = {"/orders": {"get": answers}}
    if operation is not None:
        paths["/carts"] = {"get": {**answers, **takes, **operation}}
    return yaml.safe_dump({"openapi": "3.0.3", "info": {"title": "api", "version": "1"}, "paths": paths})


NOW = contract({})
EARLY = {
    "without a date": (NOW, contract(OLD), f"GET /carts: sunset date is missing for deprecated API{ASKED}"),
    "with a date that is too near": (NOW, contract(until(80)), f"is too small, must be at least 90 days from now{ASKED}"),
    "of an API that calls itself beta": (
        contract({"x-stability-level": "beta"}), contract({**OLD, "x-stability-level": "beta"}),
        f"GET /carts: sunset date is missing for deprecated API{ASKED}"),
    "of a parameter": (
        NOW, contract({}, parameter=OLD), f"GET /carts: query request parameter q was deprecated without sunset date{ASKED}"),
    "to an earlier date": (contract(until(300)), contract(until(20)), f"and at least 90 days from now{ASKED}"),
    "and removed, without a date ever": (contract(OLD), contract(None), f"GET /carts: api path removed with deprecation{ASKED}"),
}  # fmt: skip


@pytest.mark.usefixtures("oasdiff")
@pytest.mark.parametrize(("old", "new", "said"), EARLY.values(), ids=EARLY.keys())
def test_a_deprecation_that_does_not_outlive_the_period_breaks_and_names_policy_and_remedy(old: str, new: str, said: str) -> None:
    """Where no policy has a period, the same change breaks nothing."""
    (found,), safe = openapi.compare(old, new, period=PERIOD)
    assert said in found
    assert found.startswith("GET /carts: ")
    assert safe == ()
    assert openapi.compare(old, new)[0] == ()


LATE = {
    "with a date that is far enough": (NOW, contract(until(92))),
    "longer than before": (contract(until(10)), contract(until(200))),
    "in time, and removed after its date": (contract(until(-2)), contract(None)),
    "before, and nothing else": (contract(OLD), contract(OLD)),
}


@pytest.mark.usefixtures("oasdiff")
@pytest.mark.parametrize(("old", "new"), LATE.values(), ids=LATE.keys())
def test_a_deprecation_that_outlives_the_period_is_safe(old: str, new: str) -> None:
    """And so is removal after the day that was named; what was deprecated before there was a policy stays as it is."""
    assert openapi.compare(old, new, period=PERIOD)[0] == ()


@pytest.mark.usefixtures("oasdiff")
def test_removal_before_the_day_that_was_named_breaks_with_and_without_a_period() -> None:
    """oasdiff's own words; the period has nothing to add to them."""
    named = until(3)
    for period in (None, PERIOD):
        breaking, _ = openapi.compare(contract(named), contract(None), period=period)
        assert breaking == (f"GET /carts: api path removed before the sunset date {named['x-sunset']}",)


def test_of_several_policies_the_longest_period_of_those_for_the_namespace_holds() -> None:
    """None where none is asked."""
    specs = {"a": {"deprecationDays": 30}, "b": {"deprecationDays": 90, "namespaces": ["prod"]}, "c": {"namespaces": ["*"]},
             "d": {"deprecationDays": 365, "namespaces": ["team-*"]}}  # fmt: skip
    policies = [(name, ReleasePolicySpec.model_validate(spec)) for name, spec in specs.items()]
    assert longest(policies, "prod") == Period(days=90, policy="b")
    assert longest(policies, "store") == Period(days=30, policy="a")
    assert longest(policies[2:], "prod") is None


def policy(name: str, **spec: Any) -> dict[str, Any]:
    """A ReleasePolicy."""
    return {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "ReleasePolicy", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def changed(tmp_path: Path) -> tuple[str, str]:
    """The team's files before a deprecation that names no date, and after it."""
    for name, image, text in (("old", "shop:2.3.1", NOW), ("new", "shop:2.4.0", contract(OLD))):
        (tmp_path / f"{name}.yaml").write_text(with_contract(image, text))
    return str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")


@pytest.mark.usefixtures("oasdiff")
def test_without_a_cluster_the_policies_among_the_files_are_asked(run: Run, tmp_path: Path, changed: tuple[str, str]) -> None:
    """For the namespace of the Release, or that of -n; one that is not valid is told as lint tells it."""
    old, new = changed
    (tmp_path / "policies.yaml").write_text(yaml.safe_dump_all(
        [policy("short", deprecationDays=30), policy("careful", deprecationDays=90, namespaces=["team-*"])]))  # fmt: skip

    def review(*more: str) -> Any:
        return run("review", "-f", new, "--against", old, *more)

    assert review().code == Exit.OK
    there = ("-f", str(tmp_path / "policies.yaml"))
    assert f"sunset date is missing for deprecated API{ASKED} [" in review(*there, "-n", "team-a").out
    told = review(*there)
    assert told.code == Exit.FAILED
    assert "ReleasePolicy short asks for an x-sunset at least 30 days ahead [" in told.out
    (tmp_path / "policies.yaml").write_text(yaml.safe_dump(policy("none", deprecationDays=0)))
    told = review(*there)
    assert told.code == Exit.USAGE
    assert "ReleasePolicy none in" in told.err


@pytest.mark.usefixtures("oasdiff")
def test_against_the_cluster_its_policies_are_asked(run: Run, cluster: Double, tmp_path: Path, changed: tuple[str, str]) -> None:
    """Whoever may not read them is told; a contract that cannot be judged is none that has passed."""
    kept = {"metadata": {"name": "api", "namespace": "prod"}, "data": {"openapi.yaml": NOW}}
    cluster.others["configmaps"] = [kept]
    assert "sunset date" not in run("review", "-f", changed[1]).out
    cluster.others["releasepolicies"] = [policy("careful", deprecationDays=90)]
    assert f"GET /carts: sunset date is missing for deprecated API{ASKED} [" in run("review", "-f", changed[1]).out
    cluster.refused.add("list releasepolicies")
    said = run("review", "-f", changed[1]).out
    assert "- [ ] Compatibility: contract api: you may not list releasepolicies" in said


def test_no_other_language_has_a_date_so_nothing_is_asked_there() -> None:
    """Not even for what policies ask."""
    change = Change.model_validate({**FEATURE, "contracts": [{"type": "SQL", "configMap": "api"}]})
    asked = Unknown(reason="Forbidden", message="no")
    assert compare(change, lambda _: "", lambda _: "", TODAY, asked) == (Compared(name="api"),)
