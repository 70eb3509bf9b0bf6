{{/* What is consumed, by group: {"connector": [{"group": "...", "topics": [...]}]}. "true" when KEDA scales this service. */}}
{{- define "service.hasKeda" -}}
{{- if and .Values.global.keda.enabled (eq .Values.global.bus "kafka") (index (include "service.consumption" . | fromJson) .Chart.Name) (dig "keda" "enabled" false (.Values | mustToJson | mustFromJson)) -}}true{{- end -}}
{{- end -}}

{{/* Scaling by lag: one trigger for each topic of the consumer groups. A split service has a ScaledObject for each role that consumes. */}}
{{- define "service.keda" -}}
{{- if include "service.hasKeda" . }}
{{- include "service.requireApi" (dict "root" . "api" "keda.sh/v1alpha1" "what" "Scaling by KEDA" "off" "global.keda.enabled=false") }}
{{- $groups := index (include "service.consumption" . | fromJson) .Chart.Name }}
{{- $split := dig "roles" "split" false (.Values | mustToJson | mustFromJson) }}
{{- range $role := $split | ternary (list "sync" "writer") (list "") }}
{{- $context := dict "root" $ "role" $role }}
---
{{ include "service.scaledObject" (dict "root" $ "role" $role "groups" $groups) }}
{{- end }}
{{- include "service.triggerAuthentication" . }}
{{- end }}
{{- end -}}

{{- define "service.scaledObject" -}}
{{- $root := .root -}}
{{- $global := $root.Values.global -}}
{{- $keda := $root.Values.keda -}}
{{- $role := .role -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "service.roleName" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" $root "component" (.role | default "server")) | nindent 4 }}
  {{- with include "service.annotations" (dict "root" $root) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  scaleTargetRef:
    name: {{ include "service.roleName" . }}
  pollingInterval: {{ int64 $keda.pollingInterval }}
  cooldownPeriod: {{ int64 $keda.cooldownPeriod }}
  minReplicaCount: {{ int64 $keda.minReplicaCount }}
  maxReplicaCount: {{ int64 $keda.maxReplicaCount }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        # Every change of the number of pods moves all partitions of the group: down slowly, one at a time.
        scaleDown:
          stabilizationWindowSeconds: {{ int64 $keda.cooldownPeriod }}
          policies:
            - { type: Pods, value: 1, periodSeconds: 120 }
  triggers:
    {{- range .groups }}
    {{- if or (not $role) (eq $role .role) }}
    {{- $group := .group }}
    {{- range .topics }}
    - type: kafka
      metadata:
        bootstrapServers: {{ join "," $global.kafka.brokers | quote }}
        consumerGroup: {{ printf "%s%s" $global.kafka.topicPrefix $group | quote }}
        topic: {{ printf "%s%s" $global.kafka.topicPrefix . | quote }}
        lagThreshold: {{ int64 $keda.lagThreshold | toString | quote }}
        activationLagThreshold: "0"
        offsetResetPolicy: earliest
        # More pods than partitions would idle, and an event that cannot be applied is no reason for more pods.
        allowIdleConsumers: "false"
        excludePersistentLag: "true"
        fullMetadata: "false"
        {{- if $global.kafka.tls.enabled }}
        tls: enable
        {{- end }}
        {{- $login := include "service.kafkaLogin" $root | fromJson }}
        {{- with $login.mechanism }}
        sasl: {{ . | replace "-" "_" | replace "scram_sha_" "scram_sha" | replace "plain" "plaintext" }}
        {{- end }}
      {{- if include "service.needsTriggerAuthentication" $root }}
      authenticationRef:
        name: {{ include "service.fullname" $root }}-kafka
      {{- end }}
    {{- end }}
    {{- end }}
    {{- end }}
{{- end -}}

{{- define "service.needsTriggerAuthentication" -}}
{{- $login := include "service.kafkaLogin" . | fromJson -}}
{{- $tls := .Values.global.kafka.tls -}}
{{- if or $login.mechanism (and $tls.enabled (or $tls.ca.secret $login.clientSecret)) -}}true{{- end -}}
{{- end -}}

{{- define "service.triggerAuthentication" -}}
{{- if include "service.needsTriggerAuthentication" . }}
{{- $login := include "service.kafkaLogin" . | fromJson }}
{{- $tls := .Values.global.kafka.tls }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ include "service.fullname" . }}-kafka
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" . "component" "server") | nindent 4 }}
  {{- with include "service.annotations" (dict "root" .) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  {{- if $login.mechanism }}
  env:
    - { parameter: username, name: {{ eq $login.mechanism "oauthbearer" | ternary "KEMPT_KAFKA_OAUTH_CLIENT_ID" "KEMPT_KAFKA_SASL_USERNAME" }}, containerName: server }
    {{- if eq $login.mechanism "oauthbearer" }}
    - { parameter: oauthTokenEndpointUri, name: KEMPT_KAFKA_OAUTH_TOKEN_URL, containerName: server }
    {{- if .Values.global.kafka.sasl.oauth.scope }}
    - { parameter: scopes, name: KEMPT_KAFKA_OAUTH_SCOPE, containerName: server }
    {{- end }}
    {{- end }}
  {{- end }}
  secretTargetRef:
    {{- if $login.mechanism }}
    - { parameter: password, name: {{ $login.secret }}, key: {{ $login.passwordKey }} }
    {{- end }}
    {{- if and $tls.enabled $tls.ca.secret }}
    - { parameter: ca, name: {{ $tls.ca.secret }}, key: {{ $tls.ca.key }} }
    {{- end }}
    {{- if and $tls.enabled $login.clientSecret }}
    - { parameter: cert, name: {{ $login.clientSecret }}, key: {{ $login.certificateKey }} }
    - { parameter: key, name: {{ $login.clientSecret }}, key: {{ $login.keyKey }} }
    {{- end }}
{{- end }}
{{- end -}}

{{/* Scaling of a service that answers people, by CPU and what else is named. */}}
{{- define "service.horizontalPodAutoscaler" -}}
{{- $scaling := .Values.autoscaling }}
{{- if $scaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "service.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" . "component" "server") | nindent 4 }}
  {{- with include "service.annotations" (dict "root" .) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "service.fullname" . }}
  minReplicas: {{ int64 $scaling.minReplicas }}
  maxReplicas: {{ int64 $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ int64 $scaling.targetCpuUtilization }} }
    {{- with $scaling.metrics }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
{{- end }}
{{- end -}}
