"""The fields of Pods and of everything in them, as Kubernetes 1.37 has them: data, in the notation of builtins.py.

Facts only, one line per type. Volume sources of single storage vendors are left out.
"""

TYPES = """
Pod: metadata:ObjectMeta spec:PodSpec status:PodStatus
ObjectMeta: name:string generateName:string namespace:string selfLink:string uid:string resourceVersion:string
    generation:int64 creationTimestamp:time deletionTimestamp:time? deletionGracePeriodSeconds:int64? labels:{string}
    annotations:{string} ownerReferences:[OwnerReference/uid] finalizers:[string/=]~ managedFields:[ManagedFieldsEntry]
OwnerReference!: apiVersion!:string kind!:string name!:string uid!:string controller:boolean? blockOwnerDeletion:boolean?
ManagedFieldsEntry: manager:string operation:string apiVersion:string time:time? fieldsType:string fieldsV1:any?
    subresource:string
PodSpec: volumes:[Volume/name] initContainers:[Container/name] containers!:[Container/name]
    ephemeralContainers:[EphemeralContainer/name] restartPolicy:string terminationGracePeriodSeconds:int64?
    activeDeadlineSeconds:int64? dnsPolicy:string nodeSelector:{string}! serviceAccountName:string serviceAccount:string
    automountServiceAccountToken:boolean? nodeName:string hostNetwork:boolean hostPID:boolean hostIPC:boolean
    shareProcessNamespace:boolean? securityContext:PodSecurityContext? imagePullSecrets:[LocalObjectReference/name]
    hostname:string subdomain:string affinity:Affinity? schedulerName:string tolerations:[Toleration]
    hostAliases:[HostAlias/ip] priorityClassName:string priority:int32? dnsConfig:PodDNSConfig?
    readinessGates:[PodReadinessGate] runtimeClassName:string? enableServiceLinks:boolean? preemptionPolicy:string?
    overhead:{quantity} topologySpreadConstraints:[TopologySpreadConstraint/topologyKey/whenUnsatisfiable]
    setHostnameAsFQDN:boolean? os:PodOS? hostUsers:boolean? schedulingGates:[PodSchedulingGate/name]
    resourceClaims:[PodResourceClaim/name] resources:ResourceRequirements? hostnameOverride:string?
    schedulingGroup:PodSchedulingGroup? evictionResponders:[EvictionResponder/name]
Volume: name!:string hostPath:HostPathVolumeSource? emptyDir:EmptyDirVolumeSource? secret:SecretVolumeSource?
    nfs:NFSVolumeSource? persistentVolumeClaim:PersistentVolumeClaimVolumeSource? downwardAPI:DownwardAPIVolumeSource?
    configMap:ConfigMapVolumeSource? projected:ProjectedVolumeSource? csi:CSIVolumeSource? ephemeral:EphemeralVolumeSource?
    image:ImageVolumeSource?
HostPathVolumeSource: path!:string type:string?
EmptyDirVolumeSource: medium:string sizeLimit:quantity? mode:int32?
SecretVolumeSource: secretName:string items:[KeyToPath] defaultMode:int32? optional:boolean? defaultUser:int64?
KeyToPath: key!:string path!:string mode:int32? user:int64?
NFSVolumeSource: server!:string path!:string readOnly:boolean
PersistentVolumeClaimVolumeSource: claimName!:string readOnly:boolean
DownwardAPIVolumeSource: items:[DownwardAPIVolumeFile] defaultMode:int32? defaultUser:int64?
DownwardAPIVolumeFile: path!:string fieldRef:ObjectFieldSelector? resourceFieldRef:ResourceFieldSelector? mode:int32?
    user:int64?
ObjectFieldSelector!: apiVersion:string fieldPath!:string
ResourceFieldSelector!: containerName:string resource!:string divisor:quantity
ConfigMapVolumeSource: name:string items:[KeyToPath] defaultMode:int32? optional:boolean? defaultUser:int64?
ProjectedVolumeSource: sources!:[VolumeProjection] defaultMode:int32? defaultUser:int64?
VolumeProjection: secret:SecretProjection? downwardAPI:DownwardAPIProjection? configMap:ConfigMapProjection?
    serviceAccountToken:ServiceAccountTokenProjection? clusterTrustBundle:ClusterTrustBundleProjection?
    podCertificate:PodCertificateProjection?
SecretProjection: name:string items:[KeyToPath] optional:boolean?
DownwardAPIProjection: items:[DownwardAPIVolumeFile]
ConfigMapProjection: name:string items:[KeyToPath] optional:boolean?
ServiceAccountTokenProjection: audience:string expirationSeconds:int64? path!:string user:int64?
ClusterTrustBundleProjection: name:string? signerName:string? labelSelector:LabelSelector? optional:boolean? path!:string
    user:int64?
LabelSelector!: matchLabels:{string} matchExpressions:[LabelSelectorRequirement]
LabelSelectorRequirement: key!:string operator!:string values:[string]
PodCertificateProjection: signerName!:string keyType!:string maxExpirationSeconds:int32? credentialBundlePath:string
    keyPath:string certificateChainPath:string userAnnotations:{string} user:int64?
CSIVolumeSource: driver!:string readOnly:boolean? fsType:string? volumeAttributes:{string}
    nodePublishSecretRef:LocalObjectReference?
LocalObjectReference!: name:string
EphemeralVolumeSource: volumeClaimTemplate:PersistentVolumeClaimTemplate?
PersistentVolumeClaimTemplate: metadata:ObjectMeta spec!:PersistentVolumeClaimSpec
PersistentVolumeClaimSpec: accessModes:[string] selector:LabelSelector? resources:VolumeResourceRequirements
    volumeName:string storageClassName:string? volumeMode:string? dataSource:TypedLocalObjectReference?
    dataSourceRef:TypedObjectReference? volumeAttributesClassName:string?
VolumeResourceRequirements: limits:{quantity} requests:{quantity}
TypedLocalObjectReference!: apiGroup!:string? kind!:string name!:string
TypedObjectReference: apiGroup!:string? kind!:string name!:string namespace:string?
ImageVolumeSource: reference:string pullPolicy:string
Container: name!:string image:string command:[string] args:[string] workingDir:string
    ports:[ContainerPort/containerPort/protocol] envFrom:[EnvFromSource] env:[EnvVar/name] resources:ResourceRequirements
    resizePolicy:[ContainerResizePolicy] restartPolicy:string? restartPolicyRules:[ContainerRestartRule]
    volumeMounts:[VolumeMount/mountPath] volumeDevices:[VolumeDevice/devicePath] livenessProbe:Probe? readinessProbe:Probe?
    startupProbe:Probe? lifecycle:Lifecycle? terminationMessagePath:string terminationMessagePolicy:string
    imagePullPolicy:string securityContext:SecurityContext? stdin:boolean stdinOnce:boolean tty:boolean
ContainerPort: name:string hostPort:int32 containerPort!:int32 protocol:string hostIP:string
EnvFromSource: prefix:string configMapRef:ConfigMapEnvSource? secretRef:SecretEnvSource?
ConfigMapEnvSource: name:string optional:boolean?
SecretEnvSource: name:string optional:boolean?
EnvVar: name!:string value:string valueFrom:EnvVarSource?
EnvVarSource: fieldRef:ObjectFieldSelector? resourceFieldRef:ResourceFieldSelector? configMapKeyRef:ConfigMapKeySelector?
    secretKeyRef:SecretKeySelector? fileKeyRef:FileKeySelector?
ConfigMapKeySelector!: name:string key!:string optional:boolean?
SecretKeySelector!: name:string key!:string optional:boolean?
FileKeySelector!: volumeName!:string path!:string key!:string optional:boolean?
ResourceRequirements: limits:{quantity} requests:{quantity} claims:[ResourceClaim/name]^
ResourceClaim: name!:string request:string
ContainerResizePolicy: resourceName!:string restartPolicy!:string
ContainerRestartRule: action!:string exitCodes:ContainerRestartRuleOnExitCodes?
ContainerRestartRuleOnExitCodes: operator!:string values:[int32/=]
VolumeMount: name!:string readOnly:boolean recursiveReadOnly:string? mountPath!:string subPath:string
    mountPropagation:string? subPathExpr:string bindMountOptions:[string/=]
VolumeDevice: name!:string devicePath!:string
Probe: exec:ExecAction? httpGet:HTTPGetAction? tcpSocket:TCPSocketAction? grpc:GRPCAction? initialDelaySeconds:int32
    timeoutSeconds:int32 periodSeconds:int32 successThreshold:int32 failureThreshold:int32
    terminationGracePeriodSeconds:int64?
ExecAction: command:[string]
HTTPGetAction: path:string port!:intstr host:string scheme:string httpHeaders:[HTTPHeader] protocol:string?
HTTPHeader: name!:string value!:string
TCPSocketAction: port!:intstr host:string
GRPCAction: port!:int32 service!:string? mode:string?
Lifecycle: postStart:LifecycleHandler? preStop:LifecycleHandler? stopSignal:string?
LifecycleHandler: exec:ExecAction? httpGet:HTTPGetAction? tcpSocket:TCPSocketAction? sleep:SleepAction?
SleepAction: seconds!:int64
SecurityContext: capabilities:Capabilities? privileged:boolean? seLinuxOptions:SELinuxOptions?
    windowsOptions:WindowsSecurityContextOptions? runAsUser:int64? runAsGroup:int64? runAsNonRoot:boolean?
    readOnlyRootFilesystem:boolean? allowPrivilegeEscalation:boolean? procMount:string? seccompProfile:SeccompProfile?
    appArmorProfile:AppArmorProfile?
Capabilities: add:[string] drop:[string]
SELinuxOptions: user:string role:string type:string level:string
WindowsSecurityContextOptions: gmsaCredentialSpecName:string? gmsaCredentialSpec:string? runAsUserName:string?
    hostProcess:boolean?
SeccompProfile: type!:string localhostProfile:string?
AppArmorProfile: type!:string localhostProfile:string?
EphemeralContainer: name!:string image:string command:[string] args:[string] workingDir:string
    ports:[ContainerPort/containerPort/protocol] envFrom:[EnvFromSource] env:[EnvVar/name] resources:ResourceRequirements
    resizePolicy:[ContainerResizePolicy] restartPolicy:string? restartPolicyRules:[ContainerRestartRule]
    volumeMounts:[VolumeMount/mountPath] volumeDevices:[VolumeDevice/devicePath] livenessProbe:Probe? readinessProbe:Probe?
    startupProbe:Probe? lifecycle:Lifecycle? terminationMessagePath:string terminationMessagePolicy:string
    imagePullPolicy:string securityContext:SecurityContext? stdin:boolean stdinOnce:boolean tty:boolean
    targetContainerName:string
PodSecurityContext: seLinuxOptions:SELinuxOptions? windowsOptions:WindowsSecurityContextOptions? runAsUser:int64?
    runAsGroup:int64? runAsNonRoot:boolean? supplementalGroups:[int64] supplementalGroupsPolicy:string? fsGroup:int64?
    sysctls:[Sysctl] fsGroupChangePolicy:string? seccompProfile:SeccompProfile? appArmorProfile:AppArmorProfile?
    seLinuxChangePolicy:string?
Sysctl: name!:string value!:string
Affinity: nodeAffinity:NodeAffinity? podAffinity:PodAffinity? podAntiAffinity:PodAntiAffinity?
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution:NodeSelector?
    preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
NodeSelector!: nodeSelectorTerms!:[NodeSelectorTerm]
NodeSelectorTerm!: matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
NodeSelectorRequirement: key!:string operator!:string values:[string]
PreferredSchedulingTerm: weight!:int32 preference!:NodeSelectorTerm
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
PodAffinityTerm: labelSelector:LabelSelector? namespaces:[string] topologyKey!:string namespaceSelector:LabelSelector?
    matchLabelKeys:[string] mismatchLabelKeys:[string]
WeightedPodAffinityTerm: weight!:int32 podAffinityTerm!:PodAffinityTerm
PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
    preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
Toleration: key:string operator:string value:string effect:string tolerationSeconds:int64?
HostAlias: ip!:string hostnames:[string]
PodDNSConfig: nameservers:[string] searches:[string] options:[PodDNSConfigOption]
PodDNSConfigOption: name:string value:string?
PodReadinessGate: conditionType!:string
TopologySpreadConstraint: maxSkew!:int32 topologyKey!:string whenUnsatisfiable!:string labelSelector:LabelSelector?
    minDomains:int32? nodeAffinityPolicy:string? nodeTaintsPolicy:string? matchLabelKeys:[string]
PodOS: name!:string
PodSchedulingGate: name!:string
PodResourceClaim: name!:string resourceClaimName:string? resourceClaimTemplateName:string?
PodSchedulingGroup: podGroupName:string?
EvictionResponder!: name!:string priority!:int32?
PodStatus: observedGeneration:int64 phase:string conditions:[PodCondition/type] message:string reason:string
    nominatedNodeName:string hostIP:string hostIPs:[HostIP]~ip podIP:string podIPs:[PodIP/ip] startTime:time?
    initContainerStatuses:[ContainerStatus] containerStatuses:[ContainerStatus] qosClass:string
    ephemeralContainerStatuses:[ContainerStatus] resize:string resourceClaimStatuses:[PodResourceClaimStatus/name]
    extendedResourceClaimStatus:PodExtendedResourceClaimStatus? allocatedResources:{quantity}
    resources:ResourceRequirements?
    nodeAllocatableResourceClaimStatuses:[NodeAllocatableResourceClaimStatus/resourceClaimName]
    volumeHealth:[PodVolumeHealth/name]^
PodCondition: type!:string observedGeneration:int64 status!:string lastProbeTime:time lastTransitionTime:time reason:string
    message:string
HostIP: ip!:string
PodIP: ip!:string
ContainerStatus: name!:string state:ContainerState lastState:ContainerState ready!:boolean restartCount!:int32 image!:string
    imageID!:string containerID:string started:boolean? allocatedResources:{quantity} resources:ResourceRequirements?
    volumeMounts:[VolumeMountStatus/mountPath] user:ContainerUser? allocatedResourcesStatus:[ResourceStatus/name]
    stopSignal:string?
ContainerState: waiting:ContainerStateWaiting? running:ContainerStateRunning? terminated:ContainerStateTerminated?
ContainerStateWaiting: reason:string message:string
ContainerStateRunning: startedAt:time
ContainerStateTerminated: exitCode!:int32 signal:int32 reason:string message:string startedAt:time finishedAt:time
    containerID:string
VolumeMountStatus: name!:string mountPath!:string readOnly:boolean recursiveReadOnly:string? volumeStatus:VolumeStatus?
VolumeStatus: image:ImageVolumeStatus?
ImageVolumeStatus: imageRef!:string
ContainerUser: linux:LinuxContainerUser?
LinuxContainerUser: uid!:int64 gid!:int64 supplementalGroups:[int64]
ResourceStatus: name!:string resources:[ResourceHealth/resourceID]^
ResourceHealth: resourceID!:string health:string message:string?
PodResourceClaimStatus: name!:string resourceClaimName:string?
PodExtendedResourceClaimStatus: requestMappings!:[ContainerExtendedResourceRequest] resourceClaimName!:string
ContainerExtendedResourceRequest: containerName!:string resourceName!:string requestName!:string
NodeAllocatableResourceClaimStatus: resourceClaimName!:string containers:[string/=]
    mapping:[NodeAllocatableMappedResources/name] overhead:[NodeAllocatableOverheadResources/name]
NodeAllocatableMappedResources: name!:string quantity!:quantity?
NodeAllocatableOverheadResources: name!:string perPod:quantity? perContainer:quantity?
PodVolumeHealth: name!:string healthConditions:[VolumeHealthCondition/status/reason] lastTransitionTime:time
VolumeHealthCondition: status!:string reason!:string message:string
"""
