{{/* Egress to whatever answers on the ports of Postgres. */}}
{{- define "service.databaseEgress" -}}
{{- $policy := .Values.global.networkPolicy -}}
- ports:
    {{- range $policy.database.ports }}
    - { port: {{ int64 . }}, protocol: TCP }
    {{- end }}
  {{- with $policy.database.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The ports of the brokers as they are configured, and those that are named. */}}
{{- define "service.kafkaEgress" -}}
{{- $policy := .Values.global.networkPolicy -}}
{{- $ports := list -}}
{{- range .Values.global.kafka.brokers -}}{{- $ports = append $ports (splitList ":" . | last | int64) -}}{{- end -}}
{{- range $policy.kafka.ports -}}{{- $ports = append $ports (int64 .) -}}{{- end -}}
- ports:
    {{- range $ports | uniq | sortAlpha }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
  {{- with $policy.kafka.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "service.urlEgress" -}}
{{- $url := urlParse . -}}
- ports:
    - { port: {{ splitList ":" $url.host | rest | first | default (eq $url.scheme "https" | ternary "443" "80") }}, protocol: TCP }
{{- end -}}

{{- define "service.busEgress" -}}
{{- if eq .Values.global.bus "kafka" -}}
{{ include "service.kafkaEgress" . }}
{{- with .Values.global.schemaRegistry.url }}
{{ include "service.urlEgress" . }}
{{- end }}
{{- if eq .Values.global.kafka.sasl.mechanism "oauthbearer" }}
{{ include "service.urlEgress" .Values.global.kafka.sasl.oauth.tokenUrl }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "service.dnsEgress" -}}
{{- $dns := .Values.global.networkPolicy.dns -}}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
  {{- with $dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Pods of this release by name. Takes (dict "root" $ "names" (list ...)). */}}
{{- define "service.peers" -}}
{{- range .names }}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ . }}
      app.kubernetes.io/instance: {{ $.root.Release.Name }}
{{- end }}
{{- end -}}

{{/*
Who may reach this service and whom it may reach. Whatever is not named here is denied by the policy itself, also without a
policy of the whole namespace. "<chart>.ingress" and "<chart>.egress" add what is the service's own.
*/}}
{{- define "service.networkPolicy" -}}
{{- $policy := .Values.global.networkPolicy -}}
{{- if $policy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "service.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" . "component" "server") | nindent 4 }}
  {{- with include "service.annotations" (dict "root" .) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  podSelector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
    matchExpressions:
      # Jobs of the service have a policy of their own.
      - { key: app.kubernetes.io/component, operator: NotIn, values: [migration, provisioning, topics, test] }
  policyTypes: [Ingress, Egress]
  ingress:
    - ports: [{ port: http, protocol: TCP }]
      from:
        {{- $callers := list "metrics" }}
        {{- if ne .Chart.Name "gateway" }}{{- $callers = append $callers "gateway" }}{{- end }}
        {{- include "service.peers" (dict "root" . "names" ($callers | sortAlpha)) | trim | nindent 8 }}
        {{- with $policy.monitoring.from }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with include (printf "%s.ingress" .Chart.Name) . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .Values.networkPolicy.extraIngress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  egress:
    {{- include "service.dnsEgress" . | nindent 4 }}
    {{- include "service.databaseEgress" . | nindent 4 }}
    {{- with include "service.busEgress" . }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include (printf "%s.egress" .Chart.Name) . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with concat $policy.extraEgress .Values.networkPolicy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* What a Job before the release may reach. It goes when all of them have run. Takes (dict "root" $ "name" "x" "component" "migration" "egress" text). */}}
{{- define "service.hookNetworkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" .root "component" .component) | nindent 4 }}
  {{- $hook := include "service.hookAnnotations" (dict "weight" 0 "policy" "before-hook-creation,hook-succeeded,hook-failed") | fromYaml }}
  {{- include "service.annotations" (dict "root" .root "own" $hook) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "service.selectorLabels" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- include "service.dnsEgress" .root | nindent 4 }}
    {{- .egress | nindent 4 }}
{{- end -}}
