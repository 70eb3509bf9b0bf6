{{- define "gateway.environment" -}}
{{- $root := .root -}}
{{- $folder := include "service.secretsFolder" $root -}}
- name: KEMPT_GATEWAY_SIGNING_KEY_FILE
  value: {{ $folder }}/signing-key
{{- if $root.Values.bootstrapApiKey.enabled }}
- name: KEMPT_GATEWAY_BOOTSTRAP_API_KEY_FILE
  value: {{ $folder }}/bootstrap-api-key
{{- end }}
{{- range $name, $isPart := $root.Values.global.services }}
{{- if and $isPart (ne $name "gateway") }}
- name: KEMPT_GATEWAY_UPSTREAMS_{{ $name | upper | replace "-" "_" }}
  value: {{ index $root.Values.upstreams $name | default (printf "http://%s:8080" (include "service.sibling" (list $root $name))) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "gateway.sources" -}}
- secret:
    name: {{ .Values.signingKey.existingSecret | default .Values.global.keys.existingSecret }}
    items:
      - { key: {{ .Values.signingKey.key }}, path: signing-key }
{{- if .Values.bootstrapApiKey.enabled }}
- secret:
    name: {{ .Values.bootstrapApiKey.existingSecret | default .Values.global.keys.existingSecret }}
    items:
      - { key: {{ .Values.bootstrapApiKey.key }}, path: bootstrap-api-key }
{{- end }}
{{- end -}}

{{- define "gateway.checksums" -}}{{- end -}}
{{- define "gateway.volumes" -}}{{- end -}}
{{- define "gateway.volumeMounts" -}}{{- end -}}

{{/* Clients: the controllers that are named, and the pods of `helm test`. */}}
{{- define "gateway.ingress" -}}
- ports: [{ port: http, protocol: TCP }]
  from:
    - podSelector:
        matchLabels:
          app.kubernetes.io/instance: {{ .Release.Name }}
          app.kubernetes.io/component: test
    {{- with .Values.global.networkPolicy.clients.from }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "gateway.egress" -}}
{{- $names := list }}
{{- range $name, $isPart := .Values.global.services }}{{- if and $isPart (ne $name "gateway") }}{{- $names = append $names $name }}{{- end }}{{- end }}
- ports: [{ port: http, protocol: TCP }]
  to:
    {{- include "service.peers" (dict "root" . "names" $names) | trim | nindent 4 }}
{{- end -}}

{{- define "gateway.problems" -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
ingress.enabled is true: set ingress.hosts to the names under which clients reach the gateway.
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
httpRoute.enabled is true: set httpRoute.parentRefs to the Gateway that takes the route.
{{- end }}
{{- if and .Values.autoscaling.enabled (lt (int64 .Values.autoscaling.maxReplicas) (int64 .Values.autoscaling.minReplicas)) }}
autoscaling.maxReplicas is less than autoscaling.minReplicas.
{{- end }}
{{- end -}}
