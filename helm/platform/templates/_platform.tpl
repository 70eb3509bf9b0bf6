{{/* Labels of what belongs to the whole installation. Takes (dict "root" $ "name" "tools" "component" "x"). */}}
{{- define "platform.labels" -}}
{{ include "service.labels" . }}
{{- end -}}

{{/* The services that are part of this installation, sorted. */}}
{{- define "platform.services" -}}
{{- $names := list -}}
{{- range $name, $isPart := .Values.global.services -}}{{- if $isPart -}}{{- $names = append $names $name -}}{{- end -}}{{- end -}}
{{- toJson ($names | sortAlpha) -}}
{{- end -}}

{{- define "platform.problems" -}}
{{- $global := .Values.global }}
{{- if and (eq $global.bus "kafka") (has $global.kafka.topics (list "strimzi")) (not $global.kafka.strimzi.cluster) }}
global.kafka.topics is strimzi: set global.kafka.strimzi.cluster to the name of the Kafka resource.
{{- end }}
{{- if and (ne $global.kafka.strimzi.users "none") (not $global.kafka.strimzi.cluster) }}
global.kafka.strimzi.users is {{ $global.kafka.strimzi.users }}: set global.kafka.strimzi.cluster to the name of the Kafka resource.
{{- end }}
{{- if and (ne $global.kafka.strimzi.users "none") (has $global.kafka.topics (list "job" "services")) }}
Users that Strimzi makes may not create topics and do not exist before the release: set global.kafka.topics to strimzi or external.
{{- end }}
{{- if and (ne $global.kafka.strimzi.users "none") $global.kafka.strimzi.namespace (ne $global.kafka.strimzi.namespace .Release.Namespace) }}
Strimzi puts the Secrets of users into the namespace of the cluster, where Kempt's pods cannot read them: install Kempt into {{ $global.kafka.strimzi.namespace }}, or set global.kafka.strimzi.users=none and copy the Secrets.
{{- end }}
{{- if and .Values.externalSecrets.enabled (eq $global.migrations.mode "hook") }}
externalSecrets.enabled makes Secrets during the release, after hooks have run: set global.migrations.mode to initContainer or external.
{{- end }}
{{- if and .Values.externalSecrets.enabled (not .Values.externalSecrets.secretStore.name) }}
externalSecrets.enabled is true: set externalSecrets.secretStore.name.
{{- end }}
{{- if and (eq $global.kafka.topics "job") (ne $global.migrations.mode "hook") }}
global.kafka.topics is job, which is a hook: with global.migrations.mode={{ $global.migrations.mode }} set global.kafka.topics to services, strimzi or external.
{{- end }}
{{- if eq $global.kafka.topics "job" }}
{{- if not (include "platform.topicsService" .) }}
global.kafka.topics is job, which needs one of dedupe, data-quality, integration-audit and metrics: switch one on, or set global.kafka.topics to services.
{{- end }}
{{- if and $global.kafka.sasl.mechanism (not (and $global.kafka.sasl.username $global.kafka.sasl.existingSecret)) }}
global.kafka.topics is job, which logs in as the user of all services: set global.kafka.sasl.username and global.kafka.sasl.existingSecret.
{{- end }}
{{- end }}
{{- range $name := include "platform.services" . | fromJsonArray }}
{{- $values := index $.Values $name | default dict }}
{{- if and $values.fullnameOverride (ne $name "gateway") (not (dig "upstreams" $name "" ($.Values.gateway | mustToJson | mustFromJson))) }}
{{ $name }}.fullnameOverride is set: the gateway does not know that name; set gateway.upstreams.{{ $name }} to http://{{ $values.fullnameOverride }}:8080.
{{- end }}
{{- end }}
{{- end -}}

{{/* The service whose image creates topics. */}}
{{- define "platform.topicsService" -}}
{{- $found := "" -}}
{{- range $name := list "dedupe" "data-quality" "integration-audit" "metrics" -}}
{{- if and (not $found) (index $.Values.global.services $name) -}}{{- $found = $name -}}{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}

{{/* A container that does one thing. Takes (dict "root" $ "name" "x" "args" (list ...) "env" text "mounts" text), and "image" for one that is not the tools. */}}
{{- define "platform.container" -}}
{{- $tools := .root.Values.tools -}}
name: {{ .name }}
image: {{ include "service.image" (dict "root" .root "image" (.image | default $tools.image)) }}
imagePullPolicy: {{ .root.Values.global.imagePullPolicy }}
args: {{ toJson .args }}
env:
  - name: NODE_OPTIONS
    value: {{ include "service.nodeOptions" $tools }}
  {{- .env | nindent 2 }}
  {{- include "service.commonEnvironment" .root | nindent 2 }}
securityContext:
  {{- include "service.containerSecurityContext" .root | nindent 2 }}
resources:
  {{- toYaml $tools.resources | nindent 2 }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  {{- .mounts | nindent 2 }}
{{- end -}}
