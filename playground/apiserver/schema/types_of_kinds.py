"""The fields of the other built-in kinds, as Kubernetes 1.37 has them: data, in the notation of builtins.py.

Facts only, one line per type. What only alpha features use is left out.
"""

TYPES = """
Service: metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceSpec: ports:[ServicePort/port/protocol] selector:{string}! clusterIP:string clusterIPs:[string] type:string
    externalIPs:[string] sessionAffinity:string loadBalancerIP:string loadBalancerSourceRanges:[string] externalName:string
    externalTrafficPolicy:string healthCheckNodePort:int32 publishNotReadyAddresses:boolean
    sessionAffinityConfig:SessionAffinityConfig? ipFamilies:[string] ipFamilyPolicy:string?
    allocateLoadBalancerNodePorts:boolean? loadBalancerClass:string? internalTrafficPolicy:string?
    trafficDistribution:string?
ServicePort: name:string protocol:string appProtocol:string? port!:int32 targetPort:intstr nodePort:int32
SessionAffinityConfig: clientIP:ClientIPConfig?
ClientIPConfig: timeoutSeconds:int32?
ServiceStatus: loadBalancer:LoadBalancerStatus conditions:[Condition/type]
LoadBalancerStatus: ingress:[LoadBalancerIngress]
LoadBalancerIngress: ip:string hostname:string ipMode:string? ports:[PortStatus]
PortStatus: port!:int32 protocol!:string error:string?
Condition: type!:string status!:string observedGeneration:int64 lastTransitionTime!:time reason!:string message!:string
Namespace: metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceSpec: finalizers:[string]
NamespaceStatus: phase:string conditions:[NamespaceCondition/type]
NamespaceCondition: type!:string status!:string lastTransitionTime:time reason:string message:string
Event: metadata:ObjectMeta involvedObject!:ObjectReference reason:string message:string source:EventSource
    firstTimestamp:time lastTimestamp:time count:int32 type:string eventTime:microtime series:EventSeries? action:string
    related:ObjectReference? reportingComponent!:string reportingInstance!:string
ObjectReference!: kind:string namespace:string name:string uid:string apiVersion:string resourceVersion:string
    fieldPath:string
EventSource: component:string host:string
EventSeries: count:int32 lastObservedTime:microtime
ConfigMap: metadata:ObjectMeta immutable:boolean? data:{string} binaryData:{bytes}
Secret: metadata:ObjectMeta immutable:boolean? data:{bytes} stringData:{string} type:string
ServiceAccount: metadata:ObjectMeta secrets:[ObjectReference/name] imagePullSecrets:[LocalObjectReference]
    automountServiceAccountToken:boolean?
Node: metadata:ObjectMeta spec:NodeSpec status:NodeStatus
NodeSpec: podCIDR:string podCIDRs:[string/=]~ providerID:string unschedulable:boolean taints:[Taint] configSource:any
    externalID:string podPreemptionPolicy:NodePodPreemptionPolicy?
Taint: key!:string value:string effect!:string timeAdded:time?
NodePodPreemptionPolicy: disableResizePreemption:[string/=]
NodeStatus: capacity:{quantity} allocatable:{quantity} phase:string conditions:[NodeCondition/type]
    addresses:[NodeAddress/type] daemonEndpoints:NodeDaemonEndpoints nodeInfo:NodeSystemInfo images:[ContainerImage]
    volumesInUse:[string] volumesAttached:[AttachedVolume] config:any runtimeHandlers:[NodeRuntimeHandler]
    features:NodeFeatures? declaredFeatures:[string]
NodeCondition: type!:string status!:string lastHeartbeatTime:time lastTransitionTime:time reason:string message:string
NodeAddress: type!:string address!:string
NodeDaemonEndpoints: kubeletEndpoint:DaemonEndpoint
DaemonEndpoint: Port!:int32
NodeSystemInfo: machineID!:string systemUUID!:string bootID!:string kernelVersion!:string osImage!:string
    containerRuntimeVersion!:string kubeletVersion!:string kubeProxyVersion!:string operatingSystem!:string
    architecture!:string swap:NodeSwapStatus? runningInUserNamespace:boolean?
NodeSwapStatus: capacity:int64?
ContainerImage: names!:[string] sizeBytes:int64
AttachedVolume: name!:string devicePath!:string
NodeRuntimeHandler: name!:string features:NodeRuntimeHandlerFeatures?
NodeRuntimeHandlerFeatures: recursiveReadOnlyMounts:boolean? userNamespaces:boolean?
NodeFeatures: supplementalGroupsPolicy:boolean?
Endpoints: metadata:ObjectMeta subsets:[EndpointSubset]
EndpointSubset: addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress] ports:[EndpointPort]
EndpointAddress!: ip!:string hostname:string nodeName:string? targetRef:ObjectReference?
EndpointPort!: name:string port!:int32 protocol:string appProtocol:string?
PersistentVolume: metadata:ObjectMeta spec:PersistentVolumeSpec status:PersistentVolumeStatus
PersistentVolumeSpec: capacity:{quantity} hostPath:HostPathVolumeSource? nfs:NFSVolumeSource? local:LocalVolumeSource?
    csi:CSIPersistentVolumeSource? accessModes:[string] claimRef:ObjectReference? persistentVolumeReclaimPolicy:string
    storageClassName:string mountOptions:[string] volumeMode:string? nodeAffinity:VolumeNodeAffinity?
    volumeAttributesClassName:string?
LocalVolumeSource: path!:string fsType:string?
CSIPersistentVolumeSource: driver!:string volumeHandle!:string readOnly:boolean fsType:string volumeAttributes:{string}
    controllerPublishSecretRef:SecretReference? nodeStageSecretRef:SecretReference? nodePublishSecretRef:SecretReference?
    controllerExpandSecretRef:SecretReference? nodeExpandSecretRef:SecretReference?
SecretReference!: name:string namespace:string
VolumeNodeAffinity: required:NodeSelector?
PersistentVolumeStatus: phase:string message:string reason:string lastPhaseTransitionTime:time?
LimitRange: metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeSpec: limits!:[LimitRangeItem]
LimitRangeItem: type!:string max:{quantity} min:{quantity} default:{quantity} defaultRequest:{quantity}
    maxLimitRequestRatio:{quantity}
ResourceQuota: metadata:ObjectMeta spec:ResourceQuotaSpec status:ResourceQuotaStatus
ResourceQuotaSpec: hard:{quantity} scopes:[string] scopeSelector:ScopeSelector?
ScopeSelector!: matchExpressions:[ScopedResourceSelectorRequirement]
ScopedResourceSelectorRequirement: scopeName!:string operator!:string values:[string]
ResourceQuotaStatus: hard:{quantity} used:{quantity}
ReplicationController: metadata:ObjectMeta spec:ReplicationControllerSpec status:ReplicationControllerStatus
ReplicationControllerSpec: replicas:int32? minReadySeconds:int32 selector:{string}! template:PodTemplateSpec?
PodTemplateSpec: metadata:ObjectMeta spec:PodSpec
ReplicationControllerStatus: replicas!:int32 fullyLabeledReplicas:int32 readyReplicas:int32 availableReplicas:int32
    observedGeneration:int64 conditions:[ReplicationControllerCondition/type]
ReplicationControllerCondition: type!:string status!:string lastTransitionTime:time reason:string message:string
Deployment: metadata:ObjectMeta spec!:DeploymentSpec status:DeploymentStatus
DeploymentSpec: replicas:int32? selector!:LabelSelector? template!:PodTemplateSpec strategy:DeploymentStrategy
    minReadySeconds:int32 revisionHistoryLimit:int32? paused:boolean progressDeadlineSeconds:int32?
DeploymentStrategy: type:string rollingUpdate:RollingUpdateDeployment?
RollingUpdateDeployment: maxUnavailable:intstr? maxSurge:intstr?
DeploymentStatus: observedGeneration:int64 replicas:int32 updatedReplicas:int32 readyReplicas:int32 availableReplicas:int32
    unavailableReplicas:int32 terminatingReplicas:int32? conditions:[DeploymentCondition/type] collisionCount:int32?
DeploymentCondition: type!:string status!:string lastUpdateTime:time lastTransitionTime:time reason:string message:string
ReplicaSet: metadata:ObjectMeta spec!:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetSpec: replicas:int32? minReadySeconds:int32 selector!:LabelSelector? template:PodTemplateSpec
ReplicaSetStatus: replicas!:int32 fullyLabeledReplicas:int32 readyReplicas:int32 availableReplicas:int32
    terminatingReplicas:int32? observedGeneration:int64 conditions:[ReplicaSetCondition/type]
ReplicaSetCondition: type!:string status!:string lastTransitionTime:time reason:string message:string
StatefulSet: metadata:ObjectMeta spec!:StatefulSetSpec status:StatefulSetStatus
StatefulSetSpec: replicas:int32? selector!:LabelSelector? template!:PodTemplateSpec
    volumeClaimTemplates:[PersistentVolumeClaim] serviceName!:string podManagementPolicy:string
    updateStrategy:StatefulSetUpdateStrategy revisionHistoryLimit:int32? minReadySeconds:int32
    persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy? ordinals:StatefulSetOrdinals?
PersistentVolumeClaim: metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
PersistentVolumeClaimStatus: phase:string accessModes:[string] capacity:{quantity}
    conditions:[PersistentVolumeClaimCondition/type] allocatedResources:{quantity} allocatedResourceStatuses:{string}
    currentVolumeAttributesClassName:string? modifyVolumeStatus:ModifyVolumeStatus? healthStatus:VolumeHealthStatus?
PersistentVolumeClaimCondition: type!:string status!:string lastProbeTime:time lastTransitionTime:time reason:string
    message:string
ModifyVolumeStatus: targetVolumeAttributesClassName:string status!:string
VolumeHealthStatus: healthConditions:[VolumeHealthCondition/status/reason] lastTransitionTime:time
StatefulSetUpdateStrategy: type:string rollingUpdate:RollingUpdateStatefulSetStrategy?
RollingUpdateStatefulSetStrategy: partition:int32? maxUnavailable:intstr?
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted:string whenScaled:string
StatefulSetOrdinals: start!:int32
StatefulSetStatus: observedGeneration:int64 replicas!:int32 readyReplicas:int32 currentReplicas:int32 updatedReplicas:int32
    currentRevision:string updateRevision:string collisionCount:int32? conditions:[StatefulSetCondition/type]
    availableReplicas!:int32
StatefulSetCondition: type!:string status!:string lastTransitionTime:time reason:string message:string
DaemonSet: metadata:ObjectMeta spec!:DaemonSetSpec status:DaemonSetStatus
DaemonSetSpec: selector!:LabelSelector? template!:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy
    minReadySeconds:int32 revisionHistoryLimit:int32?
DaemonSetUpdateStrategy: type:string rollingUpdate:RollingUpdateDaemonSet?
RollingUpdateDaemonSet: maxUnavailable:intstr? maxSurge:intstr?
DaemonSetStatus: currentNumberScheduled!:int32 numberMisscheduled!:int32 desiredNumberScheduled!:int32 numberReady!:int32
    observedGeneration:int64 updatedNumberScheduled:int32 numberAvailable:int32 numberUnavailable:int32
    collisionCount:int32? conditions:[DaemonSetCondition/type]
DaemonSetCondition: type!:string status!:string lastTransitionTime:time reason:string message:string
ControllerRevision: metadata:ObjectMeta data!:any revision!:int64
Ingress: metadata:ObjectMeta spec:IngressSpec status:IngressStatus
IngressSpec: ingressClassName:string? defaultBackend:IngressBackend? tls:[IngressTLS] rules:[IngressRule]
IngressBackend: service:IngressServiceBackend? resource:TypedLocalObjectReference?
IngressServiceBackend: name!:string port:ServiceBackendPort
ServiceBackendPort!: name:string number:int32
IngressTLS: hosts:[string] secretName:string
IngressRule: host:string http:HTTPIngressRuleValue?
HTTPIngressRuleValue: paths!:[HTTPIngressPath]
HTTPIngressPath: path:string pathType!:string? backend!:IngressBackend
IngressStatus: loadBalancer:IngressLoadBalancerStatus
IngressLoadBalancerStatus: ingress:[IngressLoadBalancerIngress]
IngressLoadBalancerIngress: ip:string hostname:string ports:[IngressPortStatus]
IngressPortStatus: port!:int32 protocol!:string error:string?
NetworkPolicy: metadata:ObjectMeta spec:NetworkPolicySpec
NetworkPolicySpec: podSelector!:LabelSelector ingress:[NetworkPolicyIngressRule] egress:[NetworkPolicyEgressRule]
    policyTypes:[string]
NetworkPolicyIngressRule: ports:[NetworkPolicyPort] from:[NetworkPolicyPeer]
NetworkPolicyPort: protocol:string? port:intstr? endPort:int32?
NetworkPolicyPeer: podSelector:LabelSelector? namespaceSelector:LabelSelector? ipBlock:IPBlock?
IPBlock: cidr!:string except:[string]
NetworkPolicyEgressRule: ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]
MutatingWebhookConfiguration: metadata:ObjectMeta webhooks:[MutatingWebhook/name]
MutatingWebhook: name!:string clientConfig!:WebhookClientConfig rules:[RuleWithOperations] failurePolicy:string?
    matchPolicy:string? namespaceSelector:LabelSelector? objectSelector:LabelSelector? sideEffects!:string?
    timeoutSeconds:int32? admissionReviewVersions!:[string] reinvocationPolicy:string? matchConditions:[MatchCondition/name]
WebhookClientConfig: url:string? service:ServiceReference? caBundle:bytes
ServiceReference: namespace!:string name!:string path:string? port:int32?
RuleWithOperations: operations:[string] apiGroups:[string] apiVersions:[string] resources:[string] scope:string?
MatchCondition: name!:string expression!:string
ValidatingWebhookConfiguration: metadata:ObjectMeta webhooks:[ValidatingWebhook/name]
ValidatingWebhook: name!:string clientConfig!:WebhookClientConfig rules:[RuleWithOperations] failurePolicy:string?
    matchPolicy:string? namespaceSelector:LabelSelector? objectSelector:LabelSelector? sideEffects!:string?
    timeoutSeconds:int32? admissionReviewVersions!:[string] matchConditions:[MatchCondition/name]
EndpointSlice: metadata:ObjectMeta addressType!:string endpoints!:[Endpoint] ports!:[DiscoveryEndpointPort]
Endpoint: addresses!:[string/=] conditions:EndpointConditions hostname:string? targetRef:ObjectReference?
    deprecatedTopology:{string} nodeName:string? zone:string? hints:EndpointHints?
EndpointConditions: ready:boolean? serving:boolean? terminating:boolean?
EndpointHints: forZones:[ForZone] forNodes:[ForNode]
ForZone: name!:string
ForNode: name!:string
DiscoveryEndpointPort!: name:string? protocol:string? port:int32? appProtocol:string?
EventsEvent: metadata:ObjectMeta eventTime!:microtime series:EventsEventSeries? reportingController:string
    reportingInstance:string action:string reason:string regarding:ObjectReference related:ObjectReference? note:string
    type:string deprecatedSource:EventSource deprecatedFirstTimestamp:time deprecatedLastTimestamp:time
    deprecatedCount:int32
EventsEventSeries: count!:int32 lastObservedTime!:microtime
Lease: metadata:ObjectMeta spec:LeaseSpec
LeaseSpec: holderIdentity:string? leaseDurationSeconds:int32? acquireTime:microtime? renewTime:microtime?
    leaseTransitions:int32? strategy:string? preferredHolder:string?
Job: metadata:ObjectMeta spec:JobSpec status:JobStatus
JobSpec: parallelism:int32? completions:int32? activeDeadlineSeconds:int64? podFailurePolicy:PodFailurePolicy?
    successPolicy:SuccessPolicy? backoffLimit:int32? backoffLimitPerIndex:int32? maxFailedIndexes:int32?
    selector:LabelSelector? manualSelector:boolean? template!:PodTemplateSpec ttlSecondsAfterFinished:int32?
    completionMode:string? suspend:boolean? podReplacementPolicy:string? managedBy:string? scheduling:any
PodFailurePolicy: rules!:[PodFailurePolicyRule]
PodFailurePolicyRule: action!:string onExitCodes:PodFailurePolicyOnExitCodesRequirement?
    onPodConditions:[PodFailurePolicyOnPodConditionsPattern]
PodFailurePolicyOnExitCodesRequirement: containerName:string? operator!:string values!:[int32/=]
PodFailurePolicyOnPodConditionsPattern: type!:string status!:string
SuccessPolicy: rules!:[SuccessPolicyRule]
SuccessPolicyRule: succeededIndexes:string? succeededCount:int32?
JobStatus: conditions:[JobCondition]~type startTime:time? completionTime:time? active:int32 succeeded:int32 failed:int32
    terminating:int32? completedIndexes:string failedIndexes:string? uncountedTerminatedPods:UncountedTerminatedPods?
    ready:int32?
JobCondition: type!:string status!:string lastProbeTime:time lastTransitionTime:time reason:string message:string
UncountedTerminatedPods: succeeded:[string/=] failed:[string/=]
CronJob: metadata:ObjectMeta spec!:CronJobSpec status:CronJobStatus
CronJobSpec: schedule!:string timeZone:string? startingDeadlineSeconds:int64? concurrencyPolicy:string suspend:boolean?
    jobTemplate!:JobTemplateSpec successfulJobsHistoryLimit:int32? failedJobsHistoryLimit:int32?
JobTemplateSpec: metadata:ObjectMeta spec:JobSpec
CronJobStatus: active:[ObjectReference] lastScheduleTime:time? lastSuccessfulTime:time?
PodDisruptionBudget: metadata:ObjectMeta spec:PodDisruptionBudgetSpec status:PodDisruptionBudgetStatus
PodDisruptionBudgetSpec: minAvailable:intstr? selector:LabelSelector? maxUnavailable:intstr?
    unhealthyPodEvictionPolicy:string?
PodDisruptionBudgetStatus: observedGeneration:int64 disruptedPods:{time} disruptionsAllowed!:int32 currentHealthy!:int32
    desiredHealthy!:int32 expectedPods!:int32 conditions:[Condition/type]
HorizontalPodAutoscaler: metadata:ObjectMeta spec!:HorizontalPodAutoscalerSpec status:HorizontalPodAutoscalerStatus
HorizontalPodAutoscalerSpec: scaleTargetRef!:CrossVersionObjectReference minReplicas:int32? maxReplicas!:int32
    metrics:[MetricSpec] behavior:HorizontalPodAutoscalerBehavior?
CrossVersionObjectReference: kind!:string name!:string apiVersion:string
MetricSpec: type!:string object:ObjectMetricSource? pods:PodsMetricSource? resource:ResourceMetricSource?
    containerResource:ContainerResourceMetricSource? external:ExternalMetricSource?
ObjectMetricSource: describedObject!:CrossVersionObjectReference target!:MetricTarget metric!:MetricIdentifier
MetricTarget: type!:string value:quantity? averageValue:quantity? averageUtilization:int32?
MetricIdentifier: name!:string selector:LabelSelector?
PodsMetricSource: metric!:MetricIdentifier target!:MetricTarget
ResourceMetricSource: name!:string target!:MetricTarget
ContainerResourceMetricSource: name!:string target!:MetricTarget container!:string
ExternalMetricSource: metric!:MetricIdentifier target!:MetricTarget
HorizontalPodAutoscalerBehavior: scaleUp:HPAScalingRules? scaleDown:HPAScalingRules?
HPAScalingRules: stabilizationWindowSeconds:int32? selectPolicy:string? policies:[HPAScalingPolicy] tolerance:quantity?
HPAScalingPolicy: type!:string value!:int32 periodSeconds!:int32
HorizontalPodAutoscalerStatus: observedGeneration:int64? lastScaleTime:time? currentReplicas:int32 desiredReplicas!:int32
    currentMetrics!:[MetricStatus] conditions:[HorizontalPodAutoscalerCondition/type]
MetricStatus: type!:string object:ObjectMetricStatus? pods:PodsMetricStatus? resource:ResourceMetricStatus?
    containerResource:ContainerResourceMetricStatus? external:ExternalMetricStatus?
ObjectMetricStatus: metric!:MetricIdentifier current!:MetricValueStatus describedObject!:CrossVersionObjectReference
MetricValueStatus: value:quantity? averageValue:quantity? averageUtilization:int32?
PodsMetricStatus: metric!:MetricIdentifier current!:MetricValueStatus
ResourceMetricStatus: name!:string current!:MetricValueStatus
ContainerResourceMetricStatus: name!:string current!:MetricValueStatus container!:string
ExternalMetricStatus: metric!:MetricIdentifier current!:MetricValueStatus
HorizontalPodAutoscalerCondition: type!:string status!:string lastTransitionTime:time reason:string message:string
    observedGeneration:int64?
Scale: metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus
ScaleSpec: replicas:int32
ScaleStatus: replicas!:int32 selector:string
Role: metadata:ObjectMeta rules!:[PolicyRule]
PolicyRule: verbs!:[string] apiGroups:[string] resources:[string] resourceNames:[string] nonResourceURLs:[string]
ClusterRole: metadata:ObjectMeta rules!:[PolicyRule] aggregationRule:AggregationRule?
AggregationRule: clusterRoleSelectors:[LabelSelector]
RoleBinding: metadata:ObjectMeta subjects:[Subject] roleRef!:RoleRef
Subject!: kind!:string apiGroup:string name!:string namespace:string
RoleRef!: apiGroup!:string kind!:string name!:string
ClusterRoleBinding: metadata:ObjectMeta subjects:[Subject] roleRef!:RoleRef
MutatingAdmissionPolicy: metadata:ObjectMeta spec:MutatingAdmissionPolicySpec
MutatingAdmissionPolicySpec: paramKind:ParamKind? matchConstraints:MatchResources? variables:[Variable] mutations:[Mutation]
    failurePolicy:string? matchConditions:[MatchCondition/name] reinvocationPolicy:string
ParamKind!: apiVersion:string kind:string
MatchResources!: namespaceSelector:LabelSelector? objectSelector:LabelSelector? resourceRules:[NamedRuleWithOperations]
    excludeResourceRules:[NamedRuleWithOperations] matchPolicy:string?
NamedRuleWithOperations!: resourceNames:[string] operations:[string] apiGroups:[string] apiVersions:[string]
    resources:[string] scope:string?
Variable!: name!:string expression!:string
Mutation: patchType!:string applyConfiguration:ApplyConfiguration? jsonPatch:JSONPatch?
ApplyConfiguration: expression:string
JSONPatch: expression:string
MutatingAdmissionPolicyBinding: metadata:ObjectMeta spec:MutatingAdmissionPolicyBindingSpec
MutatingAdmissionPolicyBindingSpec: policyName:string paramRef:ParamRef? matchResources:MatchResources?
ParamRef!: name:string namespace:string selector:LabelSelector? parameterNotFoundAction:string?
ValidatingAdmissionPolicy: metadata:ObjectMeta spec:ValidatingAdmissionPolicySpec status:ValidatingAdmissionPolicyStatus
ValidatingAdmissionPolicySpec: paramKind:ParamKind? matchConstraints:MatchResources? validations:[Validation]
    failurePolicy:string? auditAnnotations:[AuditAnnotation] matchConditions:[MatchCondition/name] variables:[Variable/name]
Validation: expression!:string message:string reason:string? messageExpression:string
AuditAnnotation: key!:string valueExpression!:string
ValidatingAdmissionPolicyStatus: observedGeneration:int64 typeChecking:TypeChecking? conditions:[Condition/type]^
TypeChecking: expressionWarnings:[ExpressionWarning]
ExpressionWarning: fieldRef!:string warning!:string
ValidatingAdmissionPolicyBinding: metadata:ObjectMeta spec!:ValidatingAdmissionPolicyBindingSpec
ValidatingAdmissionPolicyBindingSpec: policyName!:string paramRef:ParamRef? matchResources:MatchResources?
    validationActions!:[string/=]
CustomResourceDefinition: metadata:ObjectMeta spec!:CustomResourceDefinitionSpec status:CustomResourceDefinitionStatus
CustomResourceDefinitionSpec: group!:string names!:CustomResourceDefinitionNames scope!:string
    versions!:[CustomResourceDefinitionVersion] conversion:CustomResourceConversion? preserveUnknownFields:boolean
CustomResourceDefinitionNames: plural!:string singular:string shortNames:[string] kind!:string listKind:string
    categories:[string]
CustomResourceDefinitionVersion: name!:string served!:boolean storage!:boolean deprecated:boolean deprecationWarning:string?
    schema:CustomResourceValidation? subresources:CustomResourceSubresources?
    additionalPrinterColumns:[CustomResourceColumnDefinition] selectableFields:[SelectableField]
CustomResourceValidation: openAPIV3Schema:any?
CustomResourceSubresources: status:CustomResourceSubresourceStatus? scale:CustomResourceSubresourceScale?
CustomResourceSubresourceStatus:
CustomResourceSubresourceScale: specReplicasPath!:string statusReplicasPath!:string labelSelectorPath:string?
CustomResourceColumnDefinition: name!:string type!:string format:string description:string priority:int32 jsonPath!:string
SelectableField: jsonPath!:string
CustomResourceConversion: strategy!:string webhook:WebhookConversion?
WebhookConversion: clientConfig:WebhookClientConfig? conversionReviewVersions!:[string]
CustomResourceDefinitionStatus: conditions!:[CustomResourceDefinitionCondition/type]^
    acceptedNames!:CustomResourceDefinitionNames storedVersions!:[string] observedGeneration:int64
CustomResourceDefinitionCondition: type!:string status!:string lastTransitionTime:time reason:string message:string
    observedGeneration:int64
"""
