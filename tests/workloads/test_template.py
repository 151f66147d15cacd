"""When two templates are the same for Kubernetes: a digest that differed from its judgement would start releases by itself."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.workloads.template import canonical_quantity, view

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "shop"}, "annotations": {"team": "checkout"}},
    "spec": {
        "containers": [{"name": "shop", "image": "registry.example/shop:2.3.1", "args": ["--memory", "1Gi"],
                        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "250m"}},
                        "env": [{"name": "A", "value": "1Gi"},
                                {"name": "M", "valueFrom": {"resourceFieldRef": {"divisor": "1Mi", "resource": "x"}}}]}],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}}],
        "overhead": {"memory": "64Mi"},
    },
}  # fmt: skip


def digest(**paths: Any) -> str:
    """The digest of the template with values put at paths such as `metadata__labels`; None takes a key out."""
    template = deepcopy(TEMPLATE)
    for path, value in paths.items():
        *way, last = path.split("__")
        target: Any = template
        for key in way:
            target = target[int(key) if isinstance(target, list) else key]
        target[last] = value
    return view(template, None, None).digest


CONTAINER = "spec__containers__0__"
SAME: dict[str, dict[str, Any]] = {
    "memory in bytes": {CONTAINER + "resources": {"limits": {"cpu": "1", "memory": "1073741824"}, "requests": {"cpu": "0.25"}}},
    "cpu in thousandths": {
        CONTAINER + "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": "250m"}}
    },
    "cpu as a number": {CONTAINER + "resources": {"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": 0.25}}},
    "sizeLimit in another unit": {"spec__volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "0.5Gi"}}]},
    "overhead in another unit": {"spec__overhead": {"memory": "65536Ki"}},
    "the label of the ReplicaSet": {"metadata__labels": {"app": "shop", "pod-template-hash": "7c9b"}},
    "creationTimestamp null": {"metadata__creationTimestamp": None},
    "creationTimestamp set": {"metadata__creationTimestamp": "2026-01-01T00:00:00Z"},
    "a null field": {CONTAINER + "livenessProbe": None},
}
OTHER: dict[str, dict[str, Any]] = {
    "another image": {CONTAINER + "image": "registry.example/shop:2.3.2"},
    "another limit": {CONTAINER + "resources": {"limits": {"cpu": "1", "memory": "2Gi"}, "requests": {"cpu": "250m"}}},
    "an argument that looks like a quantity": {CONTAINER + "args": ["--memory", "1024Mi"]},
    "a variable that looks like a quantity": {CONTAINER + "env": [{"name": "A", "value": "1024Mi"}]},
    "another annotation": {"metadata__annotations": {"team": "search"}},
    "another label": {"metadata__labels": {"app": "shop", "tier": "web"}},
    "a restart": {"metadata__annotations": {"team": "checkout", "kubectl.kubernetes.io/restartedAt": "now"}},
}


@pytest.mark.parametrize("case", SAME)
def test_kubernetes_equal_templates_have_one_digest(case: str) -> None:
    """None of these starts a rollout in Kubernetes, so none starts a release here."""
    assert digest(**SAME[case]) == digest()


@pytest.mark.parametrize("case", OTHER)
def test_templates_that_kubernetes_rolls_out_differ(case: str) -> None:
    """Each of these is a new revision."""
    assert digest(**OTHER[case]) != digest()


def test_no_annotations_and_empty_annotations_are_the_same() -> None:
    """What a client leaves out and what it sends empty."""
    assert digest(metadata__annotations={}) == digest(metadata__annotations=None)


def test_a_restart_changes_the_digest_and_not_what_a_restart_leaves() -> None:
    """`restartless` is how a restart is told from a change."""
    plain = view(TEMPLATE, None, None)
    restarted = deepcopy(TEMPLATE)
    restarted["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "2026-01-01T00:00:00Z"
    again = view(restarted, None, None)
    assert again.digest != plain.digest
    assert again.restartless == plain.restartless


def test_the_first_restart_of_a_template_without_annotations_is_a_restart() -> None:
    """The annotations come into being with it."""
    bare = {"metadata": {"labels": {"app": "shop"}}, "spec": TEMPLATE["spec"]}
    restarted = {**bare, "metadata": {"labels": {"app": "shop"}, "annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
    assert view(bare, None, None).restartless == view(restarted, None, None).restartless


@given(st.integers(0, 2**40))
def test_a_quantity_is_its_value_in_every_spelling(amount: int) -> None:
    """Bytes, Ki, thousandths and exponents of the same amount have one form."""
    plain = canonical_quantity(amount)
    assert canonical_quantity(f"{amount * 1024}") == canonical_quantity(f"{amount}Ki")
    assert canonical_quantity(f"{amount * 1000}m") == plain == canonical_quantity(f"{amount}.0")
    assert canonical_quantity(f"{amount}e3") == canonical_quantity(f"{amount}k") == canonical_quantity(f"{amount}E3")


@pytest.mark.parametrize("text", ["", "much", "1Zi", "--1", "K1"])
def test_what_is_no_quantity_stays_as_it_is(text: str) -> None:
    """Never an error: the API server is the judge of it."""
    assert canonical_quantity(text) == text


VERSIONS = [
    ("registry.example:5000/shop:2.3.1", None, None, "2.3.1"),
    ("registry.example:5000/shop", None, None, None),
    ("registry.example/shop:2.3.1@sha256:abc", None, None, "2.3.1"),
    ("shop:1.0.0", None, None, "1.0.0"),
    ("shop", None, None, None),
    ("shop:1.0.0", "version", None, "7"),
    ("shop:1.0.0", "missing", None, None),
    ("shop:1.0.0", "version", "9.9.9", "9.9.9"),
]


@pytest.mark.parametrize(("image", "label", "literal", "version"), VERSIONS)
def test_the_version_is_the_literal_the_label_or_the_tag(
    image: str, label: str | None, literal: str | None, version: str | None
) -> None:
    """In this order; a port of the registry is no tag."""
    template = {"metadata": {"labels": {"version": "7"}}, "spec": {"containers": [{"name": "a", "image": image}]}}
    assert view(template, label, literal).version == version
