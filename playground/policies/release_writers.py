"""release-writers: whoever writes a Release must himself be allowed to update what it acts on, and ask for what there is."""

from collections.abc import Iterator, Mapping
from typing import Any

from playground.policies.write import OVERRIDE, PREFIX, REQUESTED_BY, REQUESTS, Write, asks, spec


def refusals(write: Write) -> Iterator[str]:
    """Requests that there are not, then every right that lacks."""
    for key in sorted(write.annotations.keys() - write.old_annotations.keys()):
        if key.startswith(PREFIX) and key not in (*REQUESTS, REQUESTED_BY):
            yield (
                f"Annotation {key} is no request. There are rollback, revert, promote, abort, retry, pause, resume and override,"
                f" each behind {PREFIX}."
            )
    because = write.annotations.get(OVERRIDE, "")
    if because and because != write.old_annotations.get(OVERRIDE) and not write.breaks_glass:
        yield (
            f"User {write.user} may not override what ReleasePolicies ask of Release {write.namespace}/{write.name}: that is for"
            f" members of group {write.break_glass_group or '(none)'}. Ask one of them, or meet what is asked."
        )
    if not asks(write, REQUESTS):
        return
    wanted: Mapping[str, Any] = spec(write.object)
    deployment = (wanted.get("workloadRef") or {}).get("name", "")
    traffic = wanted.get("traffic") or {}
    routes = {"httproutes.gateway.networking.k8s.io": "httpRoute", "traefikservices.traefik.io": "traefikService"}
    if deployment and not write.may("update", "deployments.apps", deployment):
        yield _refusal(write, f"deployments.apps {deployment}")
    for resource, field in routes.items():
        route = (traffic.get(field) or {}).get("name", "")
        if route and not write.may("update", resource, route):
            yield _refusal(write, f"{resource} {route}")
    # Every Service on the Deployment's pods is pinned during a release; which ones, only the cluster knows.
    if not write.may("update", "services", ""):
        yield _refusal(write, "services")
    if _runs_jobs(wanted) and not write.may("create", "jobs.batch", ""):
        yield _refusal(write, "jobs.batch", "create")
    sources = [flag.get("source") or {} for flag in wanted.get("flags") or ()]
    for field, resource in (("configMap", "configmaps"), ("featureFlag", "featureflags.core.openfeature.dev")):
        if any(field in source for source in sources) and not write.may("update", resource, ""):
            yield _refusal(write, resource)


def _runs_jobs(wanted: Mapping[str, Any]) -> bool:
    migrations = (wanted.get("change") or {}).get("migrations") or ()
    return any("job" in each for each in (*(wanted.get("gates") or ()), *migrations))


def _refusal(write: Write, lacking: str, verb: str = "update") -> str:
    return (
        f"User {write.user} may not write Release {write.namespace}/{write.name}: it acts on {lacking}"
        f" in namespace {write.namespace}, which needs the right to {verb}. Ask for a role that has it, for example edit."
    )
