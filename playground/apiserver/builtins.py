"""The table of the built-in resources: names, verbs, subresources, and the rules that are a kind's own.

A resource that nothing here acts on is simply kept: that is enough for kubectl and for charts that bring one.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from playground.apiserver.errors import Cause
from playground.apiserver.kinds import definitions, names, others, pods, services, workloads
from playground.apiserver.objects import Object
from playground.apiserver.patching import keys_for
from playground.apiserver.resources import Resource, Rules, Scale

_EVENT_FIELDS = frozenset(
    ["reason", "type", "source", "reportingComponent", "reportingController"]
    + [f"{about}.{key}" for about in ("involvedObject", "regarding")
       for key in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")]
)  # fmt: skip
_POD_FIELDS = frozenset(
    ["status.phase", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.podIP"]
)
_ALL = ("all",)
_STATUS, _SCALED = ("status",), ("status", "scale")
_GATEWAY = "gateway-api"


def _spec(obj: Object) -> Any:
    return obj.get("spec")


def _spec_and_annotations(obj: Object) -> Any:
    return obj.get("spec"), obj["metadata"].get("annotations")


def _all_but_metadata(obj: Object) -> Any:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status", "apiVersion", "kind")}


def _slice_content(obj: Object) -> Any:
    return obj.get("endpoints"), obj.get("ports"), obj.get("addressType"), obj["metadata"].get("labels")


_KEPT = Rules(name=names.subdomain)
_VERSIONED = Rules(name=names.subdomain, versioned=_spec)


def _resource(group: str, version: str, plural: str, kind: str, **more: Any) -> Resource:
    shape = keys_for(more.get("storage_version", f"{group}/{version}").rpartition("/")[0], kind)
    rules = more.pop("rules", _KEPT)
    return Resource(
        group=group, version=version, plural=plural, kind=kind, singular=kind.lower(), shape=shape, rules=rules, **more
    )


def _core() -> Iterator[Resource]:
    def core(plural: str, kind: str, **more: Any) -> Resource:
        return _resource("", "v1", plural, kind, **more)

    yield core("namespaces", "Namespace", namespaced=False, short_names=("ns",), subresources=("status", "finalize"),
               verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
               rules=Rules(name=names.label, default=others.default_namespace, create=others.create_namespace,
                           update=others.keep_namespace_spec, fields=frozenset(["status.phase"])))  # fmt: skip
    yield core("pods", "Pod", short_names=("po",), categories=_ALL, subresources=("status", "binding", "eviction", "log"),
               rules=Rules(name=names.subdomain, default=pods.default_pod, create=pods.create_pod, validate=pods.validate_pod,
                           versioned=pods.versioned, grace=pods.grace, returned=True, fields=_POD_FIELDS))  # fmt: skip
    yield core("services", "Service", short_names=("svc",), categories=_ALL, subresources=_STATUS, rules=_service_rules())
    yield core("serviceaccounts", "ServiceAccount", short_names=("sa",), subresources=("token",))
    yield core("configmaps", "ConfigMap", short_names=("cm",), rules=replace(_KEPT, validate=others.immutable_data))
    yield core("secrets", "Secret", rules=replace(_KEPT, default=others.default_secret, validate=others.immutable_data,
                                                  fields=frozenset(["type"])))  # fmt: skip
    yield core("events", "Event", short_names=("ev",), rules=_EVENT)
    yield core("nodes", "Node", namespaced=False, short_names=("no",), subresources=_STATUS)
    yield core("endpoints", "Endpoints", short_names=("ep",))
    yield core("persistentvolumeclaims", "PersistentVolumeClaim", short_names=("pvc",), subresources=_STATUS)
    yield core("persistentvolumes", "PersistentVolume", namespaced=False, short_names=("pv",), subresources=_STATUS)
    yield core("limitranges", "LimitRange", short_names=("limits",))
    yield core("resourcequotas", "ResourceQuota", short_names=("quota",), subresources=_STATUS)
    yield core("replicationcontrollers", "ReplicationController", short_names=("rc",), categories=_ALL, subresources=_SCALED,
               scale=Scale(), rules=replace(_VERSIONED, default=workloads.default_replicated))  # fmt: skip


_EVENT = Rules(name=names.subdomain, create=others.create_event, validate=others.validate_event, fields=_EVENT_FIELDS)
_NEW_EVENT = replace(_EVENT, validate=others.validate_new_event)


def _service_rules() -> Rules:
    addresses = services.Addresses()
    return Rules(
        name=names.label, returned=True, default=services.default, create=addresses.create, update=addresses.update,
        validate=services.validate, fields=frozenset(["spec.clusterIP", "spec.type"]),
    )  # fmt: skip


def _apps() -> Iterator[Resource]:
    def app(plural: str, kind: str, **more: Any) -> Resource:
        return _resource("apps", "v1", plural, kind, categories=_ALL, **more)

    yield app("deployments", "Deployment", short_names=("deploy",), subresources=_SCALED, scale=Scale(),
              rules=Rules(name=names.subdomain, default=workloads.default_deployment, validate=workloads.validate_deployment,
                          update_status=workloads.keep_labels, versioned=_spec_and_annotations))  # fmt: skip
    yield app("replicasets", "ReplicaSet", short_names=("rs",), subresources=_SCALED, scale=Scale(),
              rules=Rules(name=names.subdomain, default=workloads.default_replicated, validate=workloads.validate_replica_set,
                          create=workloads.create_replica_set,
                          versioned=_spec, fields=frozenset(["status.replicas"])))  # fmt: skip
    replicated = Rules(name=names.subdomain, default=workloads.default_replicated, versioned=_spec)
    yield app("statefulsets", "StatefulSet", short_names=("sts",), subresources=_SCALED, scale=Scale(), rules=replicated)
    templated = Rules(name=names.subdomain, default=workloads.default_templated, versioned=_spec)
    yield app("daemonsets", "DaemonSet", short_names=("ds",), subresources=_STATUS, rules=templated)
    yield _resource("apps", "v1", "controllerrevisions", "ControllerRevision", rules=replace(_KEPT, validate=_same_data))
    jobs = Rules(name=names.subdomain, default=workloads.default_job, create=workloads.create_job,
                 validate=workloads.validate_job, versioned=_spec, fields=frozenset(["status.successful"]))  # fmt: skip
    yield _resource("batch", "v1", "jobs", "Job", categories=_ALL, subresources=_STATUS, rules=jobs)
    yield _resource(
        "batch", "v1", "cronjobs", "CronJob", short_names=("cj",), categories=_ALL, subresources=_STATUS, rules=_VERSIONED
    )


def _same_data(new: Object, old: Object | None) -> list[Cause]:
    if old is None or new.get("data") == old.get("data"):
        return []
    return [names.invalid("data", new.get("data"), "field is immutable")]


def _policies() -> Iterator[Resource]:
    group = "admissionregistration.k8s.io"
    rules = Rules(name=names.subdomain, default=others.default_policy, versioned=_all_but_metadata, unconditional=False)
    bound = Rules(name=names.subdomain, versioned=_all_but_metadata, unconditional=False)
    for prefix in ("Mutating", "Validating"):
        plural = f"{prefix.lower()}admissionpolic"
        sub = _STATUS if prefix == "Validating" else ()
        yield _resource(group, "v1", f"{plural}ies", f"{prefix}AdmissionPolicy", namespaced=False, subresources=sub, rules=rules)
        yield _resource(group, "v1", f"{plural}ybindings", f"{prefix}AdmissionPolicyBinding", namespaced=False, rules=bound)
        kind = f"{prefix}WebhookConfiguration"
        yield _resource(group, "v1", f"{kind.lower()}s", kind, namespaced=False, categories=("api-extensions",), rules=bound)


def _rights() -> Iterator[Resource]:
    group = "rbac.authorization.k8s.io"
    role = Rules(name=names.path_segment)
    binding = Rules(name=names.path_segment, default=others.default_binding, validate=others.same_role)
    for prefix, namespaced in (("", True), ("Cluster", False)):
        name = prefix.lower()
        yield _resource(group, "v1", f"{name}roles", f"{prefix}Role", namespaced=namespaced, rules=role)
        yield _resource(group, "v1", f"{name}rolebindings", f"{prefix}RoleBinding", namespaced=namespaced, rules=binding)


def _rest() -> Iterator[Resource]:
    slices = Rules(name=names.subdomain, default=others.default_slice, validate=others.validate_slice, versioned=_slice_content)
    yield _resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", rules=slices)
    yield _resource("events.k8s.io", "v1", "events", "Event", short_names=("ev",), rules=_NEW_EVENT, storage_version="v1")
    lease = Rules(name=names.subdomain, validate=others.validate_lease, unconditional=False, create_on_update=True)
    yield _resource("coordination.k8s.io", "v1", "leases", "Lease", rules=lease)
    scaler = Rules(name=names.subdomain, default=others.default_autoscaler, create=others.create_autoscaler, versioned=_spec)
    yield _resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", short_names=("hpa",),
                    categories=_ALL, subresources=_STATUS, rules=scaler)  # fmt: skip
    yield _resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", short_names=("pdb",), subresources=_STATUS,
                    rules=replace(_VERSIONED, create=others.create_budget, unconditional=False))  # fmt: skip
    yield _resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", short_names=("netpol",), rules=_VERSIONED)
    yield _resource(
        "networking.k8s.io", "v1", "ingresses", "Ingress", short_names=("ing",), subresources=_STATUS, rules=_VERSIONED
    )
    yield _resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False,
                    short_names=("crd", "crds"), categories=("api-extensions",), subresources=_STATUS,
                    rules=Rules(name=names.subdomain, default=definitions.default, create=definitions.create,
                                validate=definitions.validate, versioned=_spec, unconditional=False,
                                cleanup=definitions.CLEANUP))  # fmt: skip
    gateway = "gateway.networking.k8s.io"
    versioned = replace(_VERSIONED, unconditional=False)
    yield _resource(gateway, "v1", "gatewayclasses", "GatewayClass", namespaced=False, short_names=("gc",),
                    categories=(_GATEWAY,), subresources=_STATUS, rules=versioned)  # fmt: skip
    yield _resource(gateway, "v1", "gateways", "Gateway", short_names=("gtw",), categories=(_GATEWAY,), subresources=_STATUS,
                    rules=versioned)  # fmt: skip
    yield _resource(gateway, "v1", "httproutes", "HTTPRoute", categories=(_GATEWAY,), subresources=_STATUS,
                    rules=replace(versioned, default=others.default_route))  # fmt: skip


def _reviews() -> Iterator[Resource]:
    """Questions, not objects: nothing of them is kept."""
    for plural, kind, namespaced in (
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview", False),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview", False),
        ("subjectaccessreviews", "SubjectAccessReview", False),
        ("localsubjectaccessreviews", "LocalSubjectAccessReview", True),
    ):  # fmt: skip
        yield _resource("authorization.k8s.io", "v1", plural, kind, namespaced=namespaced, verbs=("create",))
    for plural, kind in (("selfsubjectreviews", "SelfSubjectReview"), ("tokenreviews", "TokenReview")):
        yield _resource("authentication.k8s.io", "v1", plural, kind, namespaced=False, verbs=("create",))


def built_in() -> list[Resource]:
    """All of them, in the order of discovery; made anew for each server, because Services' addresses are its own."""
    return [*_core(), *_apps(), *_rest(), *_policies(), *_rights(), *_reviews()]
