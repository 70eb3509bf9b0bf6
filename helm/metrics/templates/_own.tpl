{{/* The services whose uptime is measured: those of this release, unless the settings name others. */}}
{{- define "metrics.environment" -}}
{{- if not (dig "metrics" "probeTargets" "" .root.Values.settings) }}
{{- $targets := list }}
{{- range $name, $isPart := .root.Values.global.services }}
{{- if $isPart }}{{- $targets = append $targets (printf "%s=http://%s:8080/livez" $name (include "service.sibling" (list $.root $name))) }}{{- end }}
{{- end }}
- name: KEMPT_METRICS_PROBE_TARGETS
  value: {{ join "," $targets | quote }}
{{- end }}
{{- end -}}
{{- define "metrics.sources" -}}{{- end -}}
{{- define "metrics.checksums" -}}{{- end -}}
{{- define "metrics.volumes" -}}{{- end -}}
{{- define "metrics.volumeMounts" -}}{{- end -}}
{{- define "metrics.ingress" -}}{{- end -}}
{{- define "metrics.egress" -}}
{{- $names := list }}
{{- range $name, $isPart := .Values.global.services }}{{- if $isPart }}{{- $names = append $names $name }}{{- end }}{{- end }}
- ports: [{ port: http, protocol: TCP }]
  to:
    {{- include "service.peers" (dict "root" . "names" $names) | trim | nindent 4 }}
{{- end -}}
{{- define "metrics.problems" -}}{{- end -}}
