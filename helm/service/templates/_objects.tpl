{{/* Every object of a service. A chart of a service is this and what is its own. */}}
{{- define "service.all" -}}
{{- include "service.validate" . -}}
{{- include "service.account" . }}
---
{{ include "service.service" . }}
{{- include "service.deployments" . }}
{{- include "service.disruptionBudgets" . }}
{{- include "service.migrationJob" . }}
{{- include "service.networkPolicy" . }}
{{- include "service.keda" . }}
{{- include "service.serviceMonitor" . }}
{{- end -}}

{{- define "service.account" -}}
{{- if .Values.serviceAccount.create }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "service.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" . "component" "server") | nindent 4 }}
  {{- with include "service.annotations" (dict "root" . "own" .Values.serviceAccount.annotations) }}
  {{- . | nindent 2 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- end -}}

{{- define "service.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "service.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" . "component" "server") | nindent 4 }}
  {{- with include "service.annotations" (dict "root" . "own" .Values.expose.annotations) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  type: {{ .Values.expose.type }}
  selector:
    {{- $split := dig "roles" "split" false (.Values | mustToJson | mustFromJson) }}
    {{- include "service.roleSelector" (dict "root" . "role" ($split | ternary "webhooks" "")) | nindent 4 }}
  ports:
    - { name: http, port: {{ int64 .Values.expose.port }}, targetPort: http, protocol: TCP }
{{- end -}}

{{- define "service.disruptionBudgets" -}}
{{- if .Values.podDisruptionBudget.enabled }}
{{- $split := dig "roles" "split" false (.Values | mustToJson | mustFromJson) }}
{{- range $role := $split | ternary (list "sync" "writer" "webhooks") (list "") }}
{{- $context := dict "root" $ "role" $role }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "service.roleName" $context }}
  namespace: {{ $.Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" $ "component" ($role | default "server")) | nindent 4 }}
  {{- with include "service.annotations" (dict "root" $) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  maxUnavailable: {{ int64 $.Values.podDisruptionBudget.maxUnavailable }}
  # Pods that are not ready serve nobody: a node can be drained of them.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "service.roleSelector" $context | nindent 6 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Metrics of every pod. Where the Service leads to some of the pods only, a headless one leads to all of them. */}}
{{- define "service.serviceMonitor" -}}
{{- $monitor := .Values.global.monitoring.serviceMonitor }}
{{- $split := dig "roles" "split" false (.Values | mustToJson | mustFromJson) }}
{{- if $split }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "service.fullname" . }}-pods
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" . "component" "pods") | nindent 4 }}
  {{- with include "service.annotations" (dict "root" .) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  clusterIP: None
  # A pod that is not ready says most about why.
  publishNotReadyAddresses: true
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - { name: http, port: 8080, targetPort: http, protocol: TCP }
{{- end }}
{{- if $monitor.enabled }}
{{- include "service.requireApi" (dict "root" . "api" "monitoring.coreos.com/v1" "what" "A ServiceMonitor" "off" "global.monitoring.serviceMonitor.enabled=false") }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "service.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" . "component" "server") | nindent 4 }}
    {{- with $monitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "service.annotations" (dict "root" .) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
      app.kubernetes.io/component: {{ $split | ternary "pods" "server" }}
  namespaceSelector:
    matchNames: [{{ .Release.Namespace }}]
  endpoints:
    - port: http
      path: /metrics
      interval: {{ $monitor.interval }}
      # The services say themselves which one they are.
      honorLabels: true
      relabelings:
        - { action: replace, targetLabel: job, replacement: kempt }
        - { action: replace, targetLabel: service, replacement: {{ .Chart.Name }} }
{{- end }}
{{- end -}}
