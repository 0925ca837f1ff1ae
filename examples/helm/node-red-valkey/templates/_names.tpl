{{/* What every object's name begins with. */}}
{{- define "node-red-valkey.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Labels by which a part is found; called with (dict "root" $ "part" "worker"). */}}
{{- define "node-red-valkey.selector" -}}
app.kubernetes.io/name: node-red-valkey
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "node-red-valkey.labels" -}}
{{ include "node-red-valkey.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "node-red-valkey.secretName" -}}
{{ .Values.existingSecret | default (include "node-red-valkey.name" .) }}
{{- end }}

{{/* Called with (dict "root" $ "part" "worker"). */}}
{{- define "node-red-valkey.image" -}}
{{- $tag := (index .root.Values .part).imageTag | default .root.Values.image.tag | default .root.Chart.AppVersion -}}
{{ .root.Values.image.repository }}:{{ $tag }}
{{- end }}
