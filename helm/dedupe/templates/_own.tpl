{{/* What this service has besides what all of them have: nothing. */}}
{{- define "dedupe.environment" -}}{{- end -}}
{{- define "dedupe.sources" -}}{{- end -}}
{{- define "dedupe.checksums" -}}{{- end -}}
{{- define "dedupe.volumes" -}}{{- end -}}
{{- define "dedupe.volumeMounts" -}}{{- end -}}
{{- define "dedupe.ingress" -}}{{- end -}}
{{- define "dedupe.egress" -}}{{- end -}}
{{- define "dedupe.problems" -}}{{- end -}}
