{{/* What this service has besides what all of them have: nothing. */}}
{{- define "integration-audit.environment" -}}{{- end -}}
{{- define "integration-audit.sources" -}}{{- end -}}
{{- define "integration-audit.checksums" -}}{{- end -}}
{{- define "integration-audit.volumes" -}}{{- end -}}
{{- define "integration-audit.volumeMounts" -}}{{- end -}}
{{- define "integration-audit.ingress" -}}{{- end -}}
{{- define "integration-audit.egress" -}}{{- end -}}
{{- define "integration-audit.problems" -}}{{- end -}}
