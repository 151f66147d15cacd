"""The names that stand in the cluster: labels, annotations, finalizer.

The chart's policies use the same ones; a test compares.
"""

GROUP = "release-coordinator.io"
VERSION = "v1alpha1"

RELEASE = f"{GROUP}/release"
"""Label of a Deployment: the Release that it belongs to."""
HELD = f"{GROUP}/held"
"""Label of a Deployment: its template was changed and waits. Labels, because /status and `rollout undo` change annotations."""
DRIVEN = f"{GROUP}/driven"
"""Label of a Deployment: we, not Kubernetes, scale its ReplicaSets."""
PIN = f"{GROUP}/pin"
"""Label of a Service: the pod-template-hash that it is restricted to."""
CANDIDATE_OF = f"{GROUP}/candidate-of"
"""Label of a Service that we made: the Service whose candidate side it is."""
GATE = f"{GROUP}/gate"
"""Label of a Job and its pods: the gate that it answers."""
MIGRATION = f"{GROUP}/migration"
"""Label of a Job and its pods: the migration that it carries out, or undoes."""
UNDO = f"{GROUP}/migration-undo"
"""Annotation of a migration's Job: how it is undone, as JSON."""
STEP = f"{GROUP}/step"
"""Label of a Job and its pods: the step that it was made for, as revision and number; of a migration, the revision."""
STRATEGY = f"{GROUP}/strategy"
"""Annotation of a driven Deployment: its own strategy, as JSON; for people and for break-glass."""
CHANGED_BY = f"{GROUP}/changed-by"
"""Annotation of a held Deployment: who changed the template. Information only."""
BREAK_GLASS = f"{GROUP}/break-glass"
"""Annotation of a Deployment that was taken out of our hands: why; asked for by a policy in the same request."""
BROKEN_BY = f"{GROUP}/broken-by"
"""Annotation of such a Deployment: who did, stamped by a policy."""
REQUESTED_BY = f"{GROUP}/requested-by"
"""Annotation of a Release: who wrote the newest request, stamped by a policy."""
FINALIZER = f"{GROUP}/undo"

HASH = "pod-template-hash"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def pointer(key: str) -> str:
    """A map's key, such as a label's name, as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")
