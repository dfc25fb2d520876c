{{- define "shop.cacheHost" -}}
{{- if .Values.cache.enabled -}}
{{ .Release.Name }}-cache.{{ .Release.Namespace }}.svc
{{- else -}}
none
{{- end -}}
{{- end -}}

{{- define "shop.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end -}}
