{{- define "edgetwin.selector" -}}
app.kubernetes.io/name: edgetwin
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "edgetwin.labels" -}}
{{ include "edgetwin.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: edgetwin
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Whether it may write: only then has it the account that can. */}}
{{- define "edgetwin.acts" -}}
{{- if has .Values.mode (list "approve" "auto") }}yes{{ end }}
{{- end }}

{{- define "edgetwin.writes" -}}
{{- if ne .Values.mode "observe" }}yes{{ end }}
{{- end }}

{{/* Pods are held only where somebody decides on them. */}}
{{- define "edgetwin.gates" -}}
{{- if include "edgetwin.acts" . }}yes{{ end }}
{{- end }}

{{/* Whether it may begin on another node while the one it was on may live: it has no volume, and no name that others call it by. */}}
{{- define "edgetwin.roams" -}}
{{- if and (not .Values.persistence.enabled) (eq (int .Values.replicas) 1) }}yes{{ end }}
{{- end }}

{{- define "edgetwin.account" -}}
{{- if include "edgetwin.writes" . }}edgetwin-actuator{{ else }}edgetwin-observer{{ end }}
{{- end }}

{{- define "edgetwin.image" -}}
{{- $image := index . 1 -}}
{{ $image.repository }}:{{ $image.tag | default (index . 0).Chart.AppVersion }}
{{- end }}

{{/* What the restricted pod security standard asks for, and a root file system that is only read. */}}
{{- define "edgetwin.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "edgetwin.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
