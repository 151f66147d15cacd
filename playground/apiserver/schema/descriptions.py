"""What `kubectl explain` says of the built-in kinds that people look up here; the rest is in Kubernetes' own reference."""

from collections.abc import Mapping

_TEXT = """
apiVersion: The version of the API that this object is written for.
kind: What this object is.
.metadata: Name, namespace, labels and whatever else every object has.
.spec: What is wanted.
.status: What is, as the controllers see it. Written by them, not by people.
ObjectMeta: What every object has.
ObjectMeta.name: Unique among the objects of this kind in the namespace. Cannot be changed.
ObjectMeta.namespace: Where the object lives. Cannot be changed.
ObjectMeta.labels: Keys and values by which objects are selected.
ObjectMeta.annotations: Keys and values for people and tools. Nothing is selected by them.
ObjectMeta.generation: Counts the changes of what is wanted.
ObjectMeta.resourceVersion: Changes with every write. An update that brings an old one is refused.
ObjectMeta.uid: Tells this object from others that had its name before.
ObjectMeta.creationTimestamp: When the object was made.
ObjectMeta.deletionTimestamp: Set once the object is to go; it is gone when no finalizer is left.
ObjectMeta.finalizers: Who must have cleaned up before the object may go.
ObjectMeta.ownerReferences: The objects that this one belongs to. It goes when they are gone.
ObjectMeta.managedFields: Who has set which field.
Deployment: A number of equal pods, replaced in a controlled way when their template changes.
DeploymentSpec: How many pods, of what kind, and how they are replaced.
DeploymentSpec.replicas: How many pods there should be; 1 if not set.
DeploymentSpec.selector: Which pods belong to the Deployment. Must match the template's labels; cannot be changed.
DeploymentSpec.template: What the pods are. A change of it starts a rollout.
DeploymentSpec.strategy: How old pods are replaced by new ones.
DeploymentSpec.minReadySeconds: How long a pod must be ready before it counts as available, in seconds.
DeploymentSpec.revisionHistoryLimit: How many old ReplicaSets are kept; 10 if not set.
DeploymentSpec.paused: While true, a change of the template starts no rollout.
DeploymentSpec.progressDeadlineSeconds: How long a rollout may stand still before it counts as failed; 600 if not set.
DeploymentStrategy.type: RollingUpdate, which is the default, replaces them bit by bit; Recreate ends all old ones first.
DeploymentStrategy.rollingUpdate: For the type RollingUpdate.
RollingUpdateDeployment: How many pods may be missing, and how many too many, during a rolling update.
RollingUpdateDeployment.maxUnavailable: How many pods, or which share of them, may be unavailable; 25% if not set.
RollingUpdateDeployment.maxSurge: How many pods, or which share of them, there may be above replicas; 25% if not set.
DeploymentStatus.observedGeneration: The newest generation that the controller has seen.
DeploymentStatus.replicas: How many pods there are, of all revisions.
DeploymentStatus.updatedReplicas: How many of them are of the present template.
DeploymentStatus.readyReplicas: How many of them are ready.
DeploymentStatus.availableReplicas: How many of them have been ready for minReadySeconds.
DeploymentStatus.unavailableReplicas: How many are missing until all are available.
DeploymentStatus.conditions: Available, Progressing and ReplicaFailure, with the reasons.
ReplicaSet: A number of equal pods. Made by a Deployment, one for each revision.
ReplicaSetSpec.replicas: How many pods there should be.
ReplicaSetSpec.selector: Which pods belong to it.
ReplicaSetSpec.template: What new pods are.
PodTemplateSpec: What the pods of a workload are.
Pod: Containers that run together on one node.
PodSpec: What a pod runs, and how.
PodSpec.containers: The containers. There is at least one.
PodSpec.initContainers: Containers that run, one after another, before the others start.
PodSpec.volumes: Directories that containers can mount.
PodSpec.serviceAccountName: In whose name the pod talks to the API.
PodSpec.nodeName: The node that the pod is on.
PodSpec.nodeSelector: Labels that the node must have.
PodSpec.terminationGracePeriodSeconds: How long containers get to end after they are told to; 30 if not set.
PodSpec.restartPolicy: Whether containers that have ended are started again; Always, OnFailure or Never.
PodSpec.readinessGates: Conditions that must be true, besides the containers' readiness, for the pod to be ready.
PodStatus.phase: Pending, Running, Succeeded, Failed or Unknown.
PodStatus.conditions: PodScheduled, Initialized, ContainersReady, Ready and others.
PodStatus.podIP: The pod's address.
Container: A container of a pod.
Container.name: Unique in the pod.
Container.image: What is run.
Container.command: What is started instead of the image's entry point.
Container.args: Its arguments.
Container.env: Environment variables.
Container.ports: The ports that the container listens on. For information; those not listed can be reached, too.
Container.resources: CPU and memory that the container needs and may use.
Container.readinessProbe: How it is found out whether the container can take requests.
Container.livenessProbe: How it is found out whether the container must be started again.
Container.volumeMounts: Where volumes are in the container's file system.
Service: One stable address for a changing set of pods.
ServiceSpec.selector: Labels of the pods that requests go to.
ServiceSpec.ports: The ports of the address, and the pods' ports that they lead to.
ServiceSpec.type: ClusterIP, which is the default, NodePort, LoadBalancer or ExternalName.
ServiceSpec.clusterIP: The address; None for a Service without one.
Namespace: A scope for names.
ConfigMap: Settings, as keys and values.
ConfigMap.data: The settings.
Secret: Keys and values that not everybody may read.
Secret.data: The values, in base64.
Secret.stringData: Values as they are; they go into data.
ServiceAccount: A name for programs that talk to the API.
Event: Something that happened to an object.
Lease: Who holds something, and until when.
Node: A machine that runs pods.
EndpointSlice: Addresses behind a Service, and whether they are ready.
HTTPRoute: Which requests go to which Services, and in what shares.
HTTPRouteSpec.parentRefs: The Gateways that the route belongs to.
HTTPRouteSpec.hostnames: The hosts that requests must be for.
HTTPRouteSpec.rules: The rules; the most specific one that matches decides.
HTTPRouteRule.backendRefs: The Services that requests go to.
HTTPBackendRef.weight: The Service's share, in proportion to the sum of all weights; 1 if not set.
CustomResourceDefinition: A kind of object that the API serves besides its own.
HorizontalPodAutoscaler: Sets a workload's replicas by what its pods use.
PodDisruptionBudget: How many pods of an application may be taken away at a time.
"""

DESCRIPTIONS: Mapping[str, str] = dict(line.split(": ", 1) for line in _TEXT.strip().splitlines())
"""By type, by `Type.field`, and by `.field` for a field of any type."""
