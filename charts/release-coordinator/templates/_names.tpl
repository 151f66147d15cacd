{{/* Names, labels and references that several templates need. No settings and no logic of one template belong here. */}}

{{- define "release-coordinator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "release-coordinator.fullname" -}}
{{- $name := include "release-coordinator.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "release-coordinator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "release-coordinator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "release-coordinator.labels" -}}
{{ include "release-coordinator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "release-coordinator.serviceAccountName" -}}
{{- default (ternary (include "release-coordinator.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{- /* The user that the API server sees in our requests. */ -}}
{{- define "release-coordinator.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "release-coordinator.serviceAccountName" . }}
{{- end -}}

{{- define "release-coordinator.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- /* v1 or v1beta1 of MutatingAdmissionPolicy, whichever the cluster serves. A bare `helm template` knows no cluster's
kinds and goes by --kube-version. Without either the installation stops: nothing would hold a changed template. */ -}}
{{- define "release-coordinator.mutatingPolicyVersion" -}}
{{- $group := "admissionregistration.k8s.io" -}}
{{- $served := .Capabilities.APIVersions -}}
{{- if $served.Has (printf "%s/v1/MutatingAdmissionPolicy" $group) -}}
{{ $group }}/v1
{{- else if $served.Has (printf "%s/v1beta1/MutatingAdmissionPolicy" $group) -}}
{{ $group }}/v1beta1
{{- else if semverCompare ">=1.36-0" .Capabilities.KubeVersion.Version -}}
{{ $group }}/v1
{{- else -}}
{{- fail (printf "This cluster (Kubernetes %s) does not serve MutatingAdmissionPolicy, without which a changed Deployment cannot be held. Use Kubernetes 1.36 or newer, or 1.34 and 1.35 with the feature gate MutatingAdmissionPolicy and --runtime-config=%s/v1beta1=true. When you render without a cluster, pass --kube-version 1.36 or --api-versions %s/v1/MutatingAdmissionPolicy." .Capabilities.KubeVersion.Version $group $group) -}}
{{- end -}}
{{- end -}}

{{- /* The part of a policy's binding that limits it to the watched namespaces. */ -}}
{{- define "release-coordinator.watchedNamespaces" -}}
{{- with .Values.watchNamespaces }}
matchResources:
  namespaceSelector:
    matchExpressions:
    - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}
{{- end }}
{{- end -}}

{{- /* The containers' security context: what the `restricted` pod security standard asks for, and a read-only root. */ -}}
{{- define "release-coordinator.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: true
{{- end -}}

{{- define "release-coordinator.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- /* The settings of the program, the same for the controller and for the uninstall Job. */ -}}
{{- define "release-coordinator.environment" -}}
- name: RELEASE_COORDINATOR_IDENTITY
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: RELEASE_COORDINATOR_BIND
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: RELEASE_COORDINATOR_LEASE_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- {name: RELEASE_COORDINATOR_LEASE_NAME, value: {{ include "release-coordinator.fullname" . }}}
- {name: RELEASE_COORDINATOR_WATCH_NAMESPACES, value: {{ join "," .Values.watchNamespaces | quote }}}
- {name: RELEASE_COORDINATOR_HOLD_POLICY, value: {{ include "release-coordinator.fullname" . }}-hold}
- {name: RELEASE_COORDINATOR_PIN_POLICY, value: {{ include "release-coordinator.fullname" . }}-pin}
- {name: RELEASE_COORDINATOR_POLICY_VERSION, value: {{ include "release-coordinator.mutatingPolicyVersion" . | trim | base }}}
- {name: RELEASE_COORDINATOR_LOG_FORMAT, value: {{ .Values.logFormat }}}
- {name: RELEASE_COORDINATOR_WORKERS, value: {{ .Values.workers | quote }}}
{{- with .Values.webhooks }}
- {name: RELEASE_COORDINATOR_WEBHOOKS, value: {{ toJson . | quote }}}
{{- end }}
{{- with .Values.notifications }}
- {name: RELEASE_COORDINATOR_NOTIFICATIONS, value: {{ toJson . | quote }}}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
