{{/* One Deployment, or one for each role of a service that can be split. */}}
{{- define "service.deployments" -}}
{{- $split := dig "roles" "split" false (.Values | mustToJson | mustFromJson) -}}
{{- if $split }}
{{- range $role := list "sync" "writer" "webhooks" }}
---
{{ include "service.deployment" (dict "root" $ "role" $role "own" (index $.Values.roles $role)) }}
{{- end }}
{{- else }}
---
{{ include "service.deployment" (dict "root" $ "role" "" "own" $.Values) }}
{{- end }}
{{- end -}}

{{- define "service.roleName" -}}
{{- $name := include "service.fullname" .root -}}
{{- if .role -}}{{- printf "%s-%s" $name .role -}}{{- else -}}{{- $name -}}{{- end -}}
{{- end -}}

{{- define "service.roleSelector" -}}
{{ include "service.selectorLabels" .root }}
app.kubernetes.io/component: {{ .role | default "server" }}
{{- end -}}

{{/* Whether something else decides how many pods there are. Takes (dict "root" $ "own" values of the Deployment). */}}
{{- define "service.isScaled" -}}
{{- $hpa := dig "autoscaling" "enabled" false (.root.Values | mustToJson | mustFromJson) -}}
{{- if or $hpa (include "service.hasKeda" .root) -}}true{{- end -}}
{{- end -}}

{{- define "service.deployment" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $component := .role | default "server" -}}
{{- $resources := .own.resources | default $values.resources -}}
{{- $context := dict "root" $root "role" .role "resources" $resources "own" .own -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "service.roleName" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" $root "component" $component) | nindent 4 }}
  {{- $reloader := dict -}}
  {{- if $values.global.reloader -}}{{- $reloader = dict "reloader.stakater.com/auto" "true" -}}{{- end -}}
  {{- with include "service.annotations" (dict "root" $root "own" $reloader) }}
  {{- . | nindent 2 }}
  {{- end }}
spec:
  {{- if not (include "service.isScaled" $context) }}
  replicas: {{ int64 .own.replicaCount }}
  {{- end }}
  minReadySeconds: {{ int64 $values.minReadySeconds }}
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  selector:
    matchLabels:
      {{- include "service.roleSelector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "service.labels" (dict "root" $root "component" $component) | nindent 8 }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: server
        {{- with include (printf "%s.checksums" $root.Chart.Name) $root | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "service.podBasics" (dict "root" $root "serviceAccountName" (include "service.serviceAccountName" $root)) | nindent 6 }}
      terminationGracePeriodSeconds: {{ int64 $values.terminationGracePeriodSeconds }}
      {{- with $values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if $values.topologySpread.enabled }}
      topologySpreadConstraints:
        {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - topologyKey: {{ $key }}
          maxSkew: 1
          whenUnsatisfiable: {{ $values.topologySpread.whenUnsatisfiable }}
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels:
              {{- include "service.roleSelector" $context | nindent 14 }}
        {{- end }}
      {{- end }}
      {{- if eq $values.global.migrations.mode "initContainer" }}
      initContainers:
        - {{- include "service.migrationContainer" (dict "root" $root) | nindent 10 }}
      {{- end }}
      containers:
        - name: server
          image: {{ include "service.image" (dict "root" $root "image" $values.image) }}
          imagePullPolicy: {{ $values.global.imagePullPolicy }}
          ports:
            - { name: http, containerPort: 8080, protocol: TCP }
          env:
            {{- include "service.environment" $context | nindent 12 }}
          startupProbe:
            httpGet: { path: /livez, port: http }
            periodSeconds: {{ int64 $values.probes.startup.periodSeconds }}
            timeoutSeconds: 2
            failureThreshold: {{ int64 $values.probes.startup.failureThreshold }}
          livenessProbe:
            httpGet: { path: /livez, port: http }
            periodSeconds: {{ int64 $values.probes.liveness.periodSeconds }}
            timeoutSeconds: {{ int64 $values.probes.liveness.timeoutSeconds }}
            failureThreshold: {{ int64 $values.probes.liveness.failureThreshold }}
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: {{ int64 $values.probes.readiness.periodSeconds }}
            timeoutSeconds: {{ int64 $values.probes.readiness.timeoutSeconds }}
            failureThreshold: {{ int64 $values.probes.readiness.failureThreshold }}
          securityContext:
            {{- include "service.containerSecurityContext" $root | nindent 12 }}
          resources:
            {{- toYaml $resources | nindent 12 }}
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
            - { name: secrets, mountPath: {{ include "service.secretsFolder" $root }}, readOnly: true }
            {{- with include (printf "%s.volumeMounts" $root.Chart.Name) $root | trim }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with $values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - {{- include "service.tmpVolume" $root | nindent 10 }}
        - {{- include "service.secretsVolume" (include "service.sources" $root | trim) | nindent 10 }}
        {{- if eq $values.global.migrations.mode "initContainer" }}
        - {{- include "service.adminVolume" $root | nindent 10 }}
        {{- end }}
        {{- with include (printf "%s.volumes" $root.Chart.Name) $root | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with $values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end -}}
