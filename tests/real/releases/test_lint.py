"""`releasectl lint` and the API server agree: what one refuses, the other refuses; tests/cli holds lint to the same table."""

import yaml

from tests.cli.manifests import ACCEPTED, REFUSED_AT_APPLY, REFUSED_BY_THE_CONTROLLER, Mistake
from tests.controlplane.api import ApiFailure
from tests.controlplane.cluster import ControlPlane
from tests.real.releases.installation import Installation

API = "/apis/release-coordinator.io/v1alpha1"
_NAMESPACED = ("Release", "GateTemplate", "ReleaseTrain")


def refusal(plane: ControlPlane, namespace: str, mistake: Mistake) -> str | None:
    """What the API server says to `kubectl create` of this manifest, without keeping it; None when it takes it."""
    plural = "releasepolicies" if mistake.kind == "ReleasePolicy" else f"{mistake.kind.lower()}s"
    path = f"{API}/namespaces/{namespace}/{plural}" if mistake.kind in _NAMESPACED else f"{API}/{plural}"
    try:
        plane.api("POST", f"{path}?dryRun=All&fieldValidation=Strict", mistake.manifest())
    except ApiFailure as failure:
        if failure.status not in (400, 422):
            raise
        return str(failure)
    return None


def test_the_api_server_refuses_what_the_table_says_and_nothing_else(
    plane: ControlPlane, product: Installation, namespace: str
) -> None:
    """Where a CEL rule speaks, it says what its message says."""
    for case, mistake in REFUSED_AT_APPLY.items():
        said = refusal(plane, namespace, mistake)
        assert said is not None, f"{case}: accepted"
        assert mistake.rule in said, f"{case}: {said}"
    for case, right in REFUSED_BY_THE_CONTROLLER.items():
        assert refusal(plane, namespace, right) is None, case
    for case, right in ACCEPTED.items():
        # By kubectl: it is what makes 5 of 5.0.
        text = yaml.safe_dump(right.manifest())
        done = plane.kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", input=text, check=False)
        assert done.returncode == 0, f"{case}: {done.stderr}"
