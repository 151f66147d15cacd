"""The fields of Kubernetes 1.37's messages by their numbers: data for protobuf.py, facts only.

One line is `Message: first second . fourth`: a field's place is its number, `.` stands for one number that is not used here,
`..` for two, `.5` for five. `^Message` is a part that JSON does not nest. Types are those of schema/builtins.py; where there
are none, they stand here, in the same notation, behind the field's name.
"""

FIELDS = """
Affinity: nodeAffinity podAffinity podAntiAffinity
AggregationRule: clusterRoleSelectors
AppArmorProfile: type localhostProfile
Binding: metadata:ObjectMeta target:ObjectReference
BoundObjectReference: kind:string apiVersion:string name:string uid:string
CSIVolumeSource: driver readOnly fsType volumeAttributes nodePublishSecretRef
Capabilities: add drop
ClientIPConfig: timeoutSeconds
ClusterRole: metadata rules aggregationRule
ClusterRoleBinding: metadata subjects roleRef
ClusterTrustBundleProjection: name signerName labelSelector path optional user
ConfigMap: metadata data binaryData immutable
ConfigMapEnvSource: ^LocalObjectReference optional
ConfigMapKeySelector: ^LocalObjectReference key optional
ConfigMapProjection: ^LocalObjectReference items . optional
ConfigMapVolumeSource: ^LocalObjectReference items defaultMode optional defaultUser
Container: name image command args workingDir ports env resources volumeMounts livenessProbe readinessProbe lifecycle
    terminationMessagePath imagePullPolicy securityContext stdin stdinOnce tty envFrom terminationMessagePolicy volumeDevices
    startupProbe resizePolicy restartPolicy restartPolicyRules
ContainerExtendedResourceRequest: containerName resourceName requestName
ContainerPort: name hostPort containerPort protocol hostIP
ContainerResizePolicy: resourceName restartPolicy
ContainerResourceMetricSource: name target container
ContainerRestartRule: action exitCodes
ContainerRestartRuleOnExitCodes: operator values
CronJob: metadata spec
CronJobSpec: schedule startingDeadlineSeconds concurrencyPolicy suspend jobTemplate successfulJobsHistoryLimit
    failedJobsHistoryLimit timeZone
CrossVersionObjectReference: kind name apiVersion
DeleteOptions: gracePeriodSeconds:int64 preconditions:Preconditions orphanDependents:boolean propagationPolicy:string
    dryRun:[string] ignoreStoreReadErrorWithClusterBreakingPotential:boolean
Deployment: metadata spec
DeploymentSpec: replicas selector template strategy minReadySeconds revisionHistoryLimit paused . progressDeadlineSeconds
DeploymentStrategy: type rollingUpdate
DownwardAPIProjection: items
DownwardAPIVolumeFile: path fieldRef resourceFieldRef mode user
DownwardAPIVolumeSource: items defaultMode defaultUser
EmptyDirVolumeSource: medium sizeLimit mode
Endpoint: addresses conditions hostname targetRef deprecatedTopology nodeName zone hints
EndpointConditions: ready serving terminating
EndpointHints: forZones forNodes
EndpointPort: name port protocol appProtocol
EndpointSlice: metadata endpoints ports addressType
EnvFromSource: prefix configMapRef secretRef
EnvVar: name value valueFrom
EnvVarSource: fieldRef resourceFieldRef configMapKeyRef secretKeyRef fileKeyRef
EphemeralVolumeSource: volumeClaimTemplate
Event: metadata involvedObject reason message source firstTimestamp lastTimestamp count type eventTime series action related
    reportingComponent reportingInstance
EventSeries: count lastObservedTime
EventSource: component host
Eviction: metadata:ObjectMeta deleteOptions:DeleteOptions
EvictionResponder: name priority
ExecAction: command
ExternalMetricSource: metric target
ExtraValue: items:[string]
FieldSelectorAttributes: rawSelector:string requirements:[FieldSelectorRequirement]
FieldSelectorRequirement: key:string operator:string values:[string]
FileKeySelector: volumeName path key optional
ForNode: name
ForZone: name
GRPCAction: port service mode
HPAScalingPolicy: type value periodSeconds
HPAScalingRules: selectPolicy policies stabilizationWindowSeconds tolerance
HTTPGetAction: path port host scheme httpHeaders protocol
HTTPHeader: name value
HTTPIngressPath: path:string backend:IngressBackend pathType:string
HTTPIngressRuleValue: paths:[HTTPIngressPath]
HorizontalPodAutoscaler: metadata spec
HorizontalPodAutoscalerBehavior: scaleUp scaleDown
HorizontalPodAutoscalerSpec: scaleTargetRef minReplicas maxReplicas metrics behavior
HostAlias: ip hostnames
HostPathVolumeSource: path type
ImageVolumeSource: reference pullPolicy
Ingress: metadata:ObjectMeta spec:IngressSpec
IngressBackend: .. resource:TypedLocalObjectReference service:IngressServiceBackend
IngressRule: host:string ^IngressRuleValue
IngressRuleValue: http:HTTPIngressRuleValue
IngressServiceBackend: name:string port:ServiceBackendPort
IngressSpec: defaultBackend:IngressBackend tls:[IngressTLS] rules:[IngressRule] ingressClassName:string
IngressTLS: hosts:[string] secretName:string
Job: metadata spec
JobSpec: parallelism completions activeDeadlineSeconds selector manualSelector template backoffLimit ttlSecondsAfterFinished
    completionMode suspend podFailurePolicy backoffLimitPerIndex maxFailedIndexes podReplacementPolicy managedBy successPolicy
JobTemplateSpec: metadata spec
KeyToPath: key path mode user
LabelSelector: matchLabels matchExpressions
LabelSelectorAttributes: rawSelector:string requirements:[LabelSelectorRequirement]
LabelSelectorRequirement: key operator values
Lease: metadata spec
LeaseSpec: holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy preferredHolder
Lifecycle: postStart preStop stopSignal
LifecycleHandler: exec httpGet tcpSocket sleep
LocalObjectReference: name
LocalSubjectAccessReview: metadata:ObjectMeta spec:SubjectAccessReviewSpec
ManagedFieldsEntry: manager operation apiVersion time . fieldsType fieldsV1 subresource
MetricIdentifier: name selector
MetricSpec: type object pods resource external . containerResource
MetricTarget: type value averageValue averageUtilization
NFSVolumeSource: server path readOnly
Namespace: metadata spec
NamespaceSpec: finalizers
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution
NodeSelector: nodeSelectorTerms
NodeSelectorRequirement: key operator values
NodeSelectorTerm: matchExpressions matchFields
NonResourceAttributes: path:string verb:string
ObjectFieldSelector: apiVersion fieldPath
ObjectMeta: name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp
    deletionGracePeriodSeconds labels annotations ownerReferences finalizers .. managedFields
ObjectMetricSource: describedObject target metric
ObjectReference: kind namespace name uid apiVersion resourceVersion fieldPath
OwnerReference: kind . name uid apiVersion controller blockOwnerDeletion
PersistentVolumeClaimSpec: accessModes resources volumeName selector storageClassName volumeMode dataSource dataSourceRef
    volumeAttributesClassName
PersistentVolumeClaimTemplate: metadata spec
PersistentVolumeClaimVolumeSource: claimName readOnly
Pod: metadata spec
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution
PodAffinityTerm: labelSelector namespaces topologyKey namespaceSelector matchLabelKeys mismatchLabelKeys
PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution
PodCertificateProjection: signerName keyType maxExpirationSeconds credentialBundlePath keyPath certificateChainPath
    userAnnotations user
PodDNSConfig: nameservers searches options
PodDNSConfigOption: name value
PodDisruptionBudget: metadata spec
PodDisruptionBudgetSpec: minAvailable selector maxUnavailable unhealthyPodEvictionPolicy
PodFailurePolicy: rules
PodFailurePolicyOnExitCodesRequirement: containerName operator values
PodFailurePolicyOnPodConditionsPattern: type status
PodFailurePolicyRule: action onExitCodes onPodConditions
PodOS: name
PodReadinessGate: conditionType
PodResourceClaim: name . resourceClaimName resourceClaimTemplateName
PodSchedulingGate: name
PodSchedulingGroup: podGroupName
PodSecurityContext: seLinuxOptions runAsUser runAsNonRoot supplementalGroups fsGroup runAsGroup sysctls windowsOptions
    fsGroupChangePolicy seccompProfile appArmorProfile supplementalGroupsPolicy seLinuxChangePolicy
PodSpec: volumes containers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector
    serviceAccountName serviceAccount nodeName hostNetwork hostPID hostIPC securityContext imagePullSecrets hostname subdomain
    affinity schedulerName initContainers automountServiceAccountToken tolerations hostAliases priorityClassName priority
    dnsConfig shareProcessNamespace readinessGates runtimeClassName enableServiceLinks preemptionPolicy overhead
    topologySpreadConstraints . setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources hostnameOverride .
    schedulingGroup evictionResponders
PodTemplateSpec: metadata spec
PodVolumeHealth: name . lastTransitionTime
PodsMetricSource: metric target
PolicyRule: verbs apiGroups resources resourceNames nonResourceURLs
Preconditions: uid:string resourceVersion:string
PreferredSchedulingTerm: weight preference
Probe: ^ProbeHandler initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold
    terminationGracePeriodSeconds
ProbeHandler: exec httpGet tcpSocket grpc
ProjectedVolumeSource: sources defaultMode defaultUser
ReplicaSet: metadata spec
ReplicaSetSpec: replicas selector template minReadySeconds
ResourceAttributes: namespace:string verb:string group:string version:string resource:string subresource:string name:string
    fieldSelector:FieldSelectorAttributes labelSelector:LabelSelectorAttributes
ResourceClaim: name request
ResourceFieldSelector: containerName resource divisor
ResourceMetricSource: name target
ResourceQuota: metadata:ObjectMeta spec:ResourceQuotaSpec
ResourceQuotaSpec: hard:{quantity} scopes:[string] scopeSelector:ScopeSelector
ResourceRequirements: limits requests claims
Role: metadata rules
RoleBinding: metadata subjects roleRef
RoleRef: apiGroup kind name
RollingUpdateDeployment: maxUnavailable maxSurge
SELinuxOptions: user role type level
ScopeSelector: matchExpressions:[ScopedResourceSelectorRequirement]
ScopedResourceSelectorRequirement: scopeName:string operator:string values:[string]
SeccompProfile: type localhostProfile
Secret: metadata data type stringData immutable
SecretEnvSource: ^LocalObjectReference optional
SecretKeySelector: ^LocalObjectReference key optional
SecretProjection: ^LocalObjectReference items . optional
SecretVolumeSource: secretName items defaultMode optional defaultUser
SecurityContext: capabilities privileged seLinuxOptions runAsUser runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation
    runAsGroup procMount windowsOptions seccompProfile appArmorProfile
SelfSubjectAccessReview: metadata:ObjectMeta spec:SelfSubjectAccessReviewSpec
SelfSubjectAccessReviewSpec: resourceAttributes:ResourceAttributes nonResourceAttributes:NonResourceAttributes
SelfSubjectReview: metadata:ObjectMeta
SelfSubjectRulesReview: metadata:ObjectMeta spec:SelfSubjectRulesReviewSpec
SelfSubjectRulesReviewSpec: namespace:string
Service: metadata spec
ServiceAccount: metadata secrets imagePullSecrets automountServiceAccountToken
ServiceAccountTokenProjection: audience expirationSeconds path user
ServiceBackendPort: name:string number:int32
ServicePort: name protocol port targetPort nodePort appProtocol
ServiceSpec: ports selector clusterIP type externalIPs . sessionAffinity loadBalancerIP loadBalancerSourceRanges externalName
    externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses sessionAffinityConfig .. ipFamilyPolicy clusterIPs
    ipFamilies allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution
SessionAffinityConfig: clientIP
SleepAction: seconds
Subject: kind apiGroup name namespace
SubjectAccessReview: metadata:ObjectMeta spec:SubjectAccessReviewSpec
SubjectAccessReviewSpec: resourceAttributes:ResourceAttributes nonResourceAttributes:NonResourceAttributes user:string
    groups:[string] extra:{[string]} uid:string
SuccessPolicy: rules
SuccessPolicyRule: succeededIndexes succeededCount
Sysctl: name value
TCPSocketAction: port host
Taint: key value effect timeAdded
TokenRequest: metadata:ObjectMeta spec:TokenRequestSpec
TokenRequestSpec: audiences:[string] . boundObjectRef:BoundObjectReference expirationSeconds:int64
Toleration: key operator value effect tolerationSeconds
TopologySpreadConstraint: maxSkew topologyKey whenUnsatisfiable labelSelector minDomains nodeAffinityPolicy nodeTaintsPolicy
    matchLabelKeys
TypedLocalObjectReference: apiGroup kind name
TypedObjectReference: apiGroup kind name namespace
UncountedTerminatedPods: succeeded failed
Volume: name ^VolumeSource
VolumeDevice: name devicePath
VolumeMount: name readOnly mountPath subPath mountPropagation subPathExpr recursiveReadOnly bindMountOptions
VolumeProjection: secret downwardAPI configMap serviceAccountToken clusterTrustBundle podCertificate
VolumeResourceRequirements: limits requests
VolumeSource: hostPath emptyDir ... secret nfs .. persistentVolumeClaim .5 downwardAPI .. configMap .6 projected . csi
    ephemeral image
WeightedPodAffinityTerm: weight podAffinityTerm
WindowsSecurityContextOptions: gmsaCredentialSpecName gmsaCredentialSpec runAsUserName hostProcess
"""
