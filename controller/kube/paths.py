"""Where each resource lives: URL paths, and the resource's name back from a path.

A path is built here and nowhere else, so that a name can never climb out of its place. No call, no discovery and no
knowledge of what the resources are for belongs here.
"""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the API: group ("" is the core group), version and plural name."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As an object's `apiVersion` has it: `apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The path of an object, of a namespace's collection, or (with nothing given) of all namespaces' collection.

        Raises ValueError for a combination or a name that can have no path.
        """
        if namespace is not None and not self.namespaced:
            raise ValueError(f"{self.plural} are cluster-scoped, so namespace {namespace!r} has no meaning")
        if name is not None and namespace is None and self.namespaced:
            raise ValueError(f"{self.plural} are namespaced, so {name!r} needs its namespace")
        if subresource is not None and name is None:
            raise ValueError(f"subresource {subresource!r} of {self.plural} needs a name")
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace is not None:
            parts += ["namespaces", _segment(namespace)]
        parts.append(self.plural)
        parts += [_segment(each) for each in (name, subresource) if each is not None]
        return "/" + "/".join(parts)


def _segment(text: str) -> str:
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be part of a path")
    return quote(text, safe="")


def resource_of(path: str) -> str:
    """`deployments` or `deployments/scale` from a path: what a call is counted under (never a name)."""
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if len(rest) > 2 and rest[0] == "namespaces":
        rest = rest[2:]
    if not rest:
        return "discovery"
    return f"{rest[0]}/{rest[2]}" if len(rest) > 2 else rest[0]


PODS = Resource("", "v1", "pods")
SERVICES = Resource("", "v1", "services")
SECRETS = Resource("", "v1", "secrets")
CONFIG_MAPS = Resource("", "v1", "configmaps")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
REPLICA_SETS = Resource("apps", "v1", "replicasets")
CONTROLLER_REVISIONS = Resource("apps", "v1", "controllerrevisions")
JOBS = Resource("batch", "v1", "jobs")
HORIZONTAL_POD_AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers")
LEASES = Resource("coordination.k8s.io", "v1", "leases")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices")
EVENTS = Resource("events.k8s.io", "v1", "events")
GATEWAYS = Resource("gateway.networking.k8s.io", "v1", "gateways")
GATEWAY_CLASSES = Resource("gateway.networking.k8s.io", "v1", "gatewayclasses", namespaced=False)
HTTP_ROUTES = Resource("gateway.networking.k8s.io", "v1", "httproutes")
# v1 since Kubernetes 1.36; before that v1beta1 (see controller.reconcile.cluster).
MUTATING_ADMISSION_POLICIES = Resource("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies", namespaced=False)
MUTATING_ADMISSION_POLICY_BINDINGS = Resource(
    "admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings", namespaced=False
)
FEATURE_FLAGS = Resource("core.openfeature.dev", "v1beta1", "featureflags")
TRAEFIK_SERVICES = Resource("traefik.io", "v1alpha1", "traefikservices")
RELEASES = Resource("release-coordinator.io", "v1alpha1", "releases")
METRIC_SOURCES = Resource("release-coordinator.io", "v1alpha1", "metricsources", namespaced=False)
RELEASE_POLICIES = Resource("release-coordinator.io", "v1alpha1", "releasepolicies", namespaced=False)
RELEASE_TRAINS = Resource("release-coordinator.io", "v1alpha1", "releasetrains")
GATE_TEMPLATES = Resource("release-coordinator.io", "v1alpha1", "gatetemplates")
CLUSTER_GATE_TEMPLATES = Resource("release-coordinator.io", "v1alpha1", "clustergatetemplates", namespaced=False)

LOG = "log"
STATUS = "status"
