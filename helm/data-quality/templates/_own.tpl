{{/* What this service has besides what all of them have: nothing. */}}
{{- define "data-quality.environment" -}}{{- end -}}
{{- define "data-quality.sources" -}}{{- end -}}
{{- define "data-quality.checksums" -}}{{- end -}}
{{- define "data-quality.volumes" -}}{{- end -}}
{{- define "data-quality.volumeMounts" -}}{{- end -}}
{{- define "data-quality.ingress" -}}{{- end -}}
{{- define "data-quality.egress" -}}{{- end -}}
{{- define "data-quality.problems" -}}{{- end -}}
