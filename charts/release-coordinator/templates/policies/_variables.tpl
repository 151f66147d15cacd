{{/* CEL variables that the policies of one subject share, so that they cannot come to mean different things. */}}

{{- define "release-coordinator.callerVariables" -}}
- name: ours
  expression: "request.userInfo.username == {{ include "release-coordinator.user" . | squote }}"
- name: breakGlass
  expression: {{ if .Values.breakGlassGroup }}"has(request.userInfo.groups) && {{ squote .Values.breakGlassGroup }} in request.userInfo.groups"{{ else }}"false"{{ end }}
- name: oldLabels
  expression: "has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}"
- name: newLabels
  expression: "has(object.metadata.labels) ? object.metadata.labels : {}"
{{- end -}}

{{- define "release-coordinator.holdVariables" -}}
{{ include "release-coordinator.callerVariables" . }}
- name: changed
  expression: "object.spec.template != oldObject.spec.template"
- name: paused
  expression: "has(object.spec.paused) && object.spec.paused"
# A Release names it: already, or by this request of ours.
- name: labelled
  expression: >-
    'release-coordinator.io/release' in variables.oldLabels
    || (variables.ours && 'release-coordinator.io/release' in variables.newLabels)
- name: held
  expression: "'release-coordinator.io/held' in variables.oldLabels"
- name: driven
  expression: "'release-coordinator.io/driven' in variables.oldLabels"
# Break-glass: a member of the group takes our label off.
- name: letGo
  expression: >-
    variables.breakGlass && 'release-coordinator.io/release' in variables.oldLabels
    && !('release-coordinator.io/release' in variables.newLabels)
# The same people may put it back.
- name: handedBack
  expression: >-
    variables.breakGlass && !('release-coordinator.io/release' in variables.oldLabels)
    && 'release-coordinator.io/release' in variables.newLabels
{{- end -}}

{{- /* Requests that a person can write as annotations of a Release; of a train, all but revert and promote. */ -}}
{{- define "release-coordinator.requests" -}}
['rollback', 'revert', 'promote', 'abort', 'retry', 'pause', 'resume', 'override'].map(r, 'release-coordinator.io/' + r)
{{- end -}}

{{- /* Of those who write a Release or a train; each policy says before them what its `requests` are. */ -}}
{{- define "release-coordinator.askingVariables" -}}
- name: newAnnotations
  expression: "has(object.metadata.annotations) ? object.metadata.annotations : {}"
- name: oldAnnotations
  expression: "oldObject != null && has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {}"
# The request asks something of the controller. Labels, finalizers and other annotations do not.
- name: asks
  expression: >-
    oldObject == null || object.spec != oldObject.spec
    || variables.requests.exists(k, (k in variables.oldAnnotations) != (k in variables.newAnnotations)
       || (k in variables.newAnnotations && variables.newAnnotations[k] != variables.oldAnnotations[k]))
# Written now, under our prefix, and no request: misspelt, it would be waited for in vain.
- name: misspelt
  expression: >-
    variables.newAnnotations.map(k, k).filter(k, k.startsWith('release-coordinator.io/') && !(k in variables.requests)
    && k != 'release-coordinator.io/requested-by' && !(k in variables.oldAnnotations))
{{- end -}}
