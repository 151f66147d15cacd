"""Whether the policies are there is for the controller to see, with the rights that the chart gives it."""

import pytest

from tests.conformance.policies.conftest import INSTALLATION, Site


@pytest.mark.parametrize("kind", ["mutatingadmissionpolicies", "mutatingadmissionpolicybindings"])
def test_the_controller_finds_its_own_policies_and_no_others(site: Site, kind: str) -> None:
    """Hold and pin by their names, as its reflectors list them; not all policies of the cluster."""
    for name in (f"{INSTALLATION}-hold", f"{INSTALLATION}-pin"):
        found = site.ours("get", kind, f"--field-selector=metadata.name={name}", "-o", "name").stdout
        assert found.strip().endswith(f"/{name}")
    done = site.ours("get", kind, check=False)
    assert f'cannot list resource "{kind}" in API group "admissionregistration.k8s.io" at the cluster scope' in done.stderr
