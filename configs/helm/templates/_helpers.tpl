{{/* The release's name, which all objects have. */}}
{{- define "pmtud.name" -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* What tells the release's pods from others. */}}
{{- define "pmtud.selector" -}}
app.kubernetes.io/name: pmtud
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pmtud.labels" -}}
{{ include "pmtud.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "pmtud.secret" -}}
{{- .Values.key.existingSecret | default (include "pmtud.name" .) -}}
{{- end }}

{{- define "pmtud.port" -}}
{{- splitList ":" .Values.http | last -}}
{{- end }}
