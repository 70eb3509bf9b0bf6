{{/* The folder in which every secret is a file. */}}
{{- define "service.secretsFolder" -}}/etc/kempt/secrets{{- end -}}

{{/* KEMPT_CONNECTOR_POLL_INTERVAL_MS of connector.pollIntervalMs. Numbers of YAML are floating point for Helm: whole ones are written out. */}}
{{- define "service.settingEntry" -}}
- name: {{ printf "KEMPT_%s" (.path | snakecase | upper | replace "." "_") }}
  {{- if kindIs "float64" .value }}
  value: {{ if eq (float64 (int64 .value)) .value }}{{ int64 .value | toString | quote }}{{ else }}{{ toString .value | quote }}{{ end }}
  {{- else if kindIs "slice" .value }}
  value: {{ join "," .value | quote }}
  {{- else }}
  value: {{ toString .value | quote }}
  {{- end }}
{{- end -}}

{{/* Settings as environment variables, groups opened. Takes (dict "settings" ... "prefix" ""). */}}
{{- define "service.settings" -}}
{{- $prefix := .prefix -}}
{{- range $key, $value := .settings }}
{{- if kindIs "map" $value }}
{{- include "service.settings" (dict "settings" $value "prefix" (printf "%s%s." $prefix $key)) }}
{{- else }}
{{ include "service.settingEntry" (dict "path" (printf "%s%s" $prefix $key) "value" $value) }}
{{- end }}
{{- end }}
{{- end -}}

{{/* 3/4 of the memory limit for the heap of Node.js; the rest is for what lies outside it. In MiB. */}}
{{- define "service.heapMegabytes" -}}
{{- $limit := dig "limits" "memory" "" (.resources | default dict) | toString -}}
{{- $megabytes := 0 -}}
{{- if hasSuffix "Gi" $limit -}}{{- $megabytes = mulf (trimSuffix "Gi" $limit | float64) 1024 | int64 -}}
{{- else if hasSuffix "Mi" $limit -}}{{- $megabytes = trimSuffix "Mi" $limit | int64 -}}
{{- end -}}
{{- if $megabytes -}}{{- div (mul $megabytes 3) 4 -}}{{- end -}}
{{- end -}}

{{- define "service.nodeOptions" -}}
{{- $heap := include "service.heapMegabytes" . -}}
--max-semi-space-size=8{{ with $heap }} --max-old-space-size={{ . }}{{ end }}
{{- end -}}

{{/* Who this service logs in to Kafka as: its own user, else the one of all services, else the one that Strimzi makes. */}}
{{- define "service.kafkaLogin" -}}
{{- $kafka := .Values.global.kafka -}}
{{- $own := .Values.kafka | default dict -}}
{{- $users := $kafka.strimzi.users -}}
{{- $made := include "service.fullname" . -}}
{{- $login := dict "mechanism" $kafka.sasl.mechanism "username" $kafka.sasl.username "secret" $kafka.sasl.existingSecret "passwordKey" $kafka.sasl.passwordKey -}}
{{- $login = merge $login (dict "clientSecret" $kafka.tls.client.existingSecret "certificateKey" $kafka.tls.client.certificateKey "keyKey" $kafka.tls.client.keyKey) -}}
{{- if eq $users "scram-sha-512" -}}
{{- $login = merge (dict "mechanism" "scram-sha-512" "username" $made "secret" $made "passwordKey" "password") $login -}}
{{- else if eq $users "tls" -}}
{{- $login = merge (dict "mechanism" "" "clientSecret" $made "certificateKey" "user.crt" "keyKey" "user.key") $login -}}
{{- end -}}
{{- with $own.username -}}{{- $_ := set $login "username" . -}}{{- end -}}
{{- with $own.existingSecret -}}{{- $_ := set $login "secret" . -}}{{- end -}}
{{- with $own.passwordKey -}}{{- $_ := set $login "passwordKey" . -}}{{- end -}}
{{- with $own.clientSecret -}}{{- $_ := set $login "clientSecret" . -}}{{- end -}}
{{- toJson $login -}}
{{- end -}}

{{/* Settings of the event bus as environment variables. */}}
{{- define "service.busEnvironment" -}}
{{- $global := .Values.global -}}
{{- $folder := include "service.secretsFolder" . -}}
- name: KEMPT_BUS
  value: {{ $global.bus }}
{{- if eq $global.bus "kafka" }}
{{- $login := include "service.kafkaLogin" . | fromJson }}
- name: KEMPT_KAFKA_BROKERS
  value: {{ join "," $global.kafka.brokers | quote }}
{{- if $global.kafka.tls.enabled }}
- name: KEMPT_KAFKA_TLS
  value: "true"
{{- if or $global.kafka.tls.ca.secret $global.kafka.tls.ca.configMap }}
- name: KEMPT_KAFKA_TLS_CA_FILE
  value: {{ $folder }}/kafka-ca.crt
{{- end }}
{{- if $login.clientSecret }}
- name: KEMPT_KAFKA_TLS_CERTIFICATE_FILE
  value: {{ $folder }}/kafka-client.crt
- name: KEMPT_KAFKA_TLS_KEY_FILE
  value: {{ $folder }}/kafka-client.key
{{- end }}
{{- end }}
{{- if $login.mechanism }}
- name: KEMPT_KAFKA_SASL_MECHANISM
  value: {{ $login.mechanism }}
{{- if eq $login.mechanism "oauthbearer" }}
- name: KEMPT_KAFKA_OAUTH_TOKEN_URL
  value: {{ $global.kafka.sasl.oauth.tokenUrl | quote }}
- name: KEMPT_KAFKA_OAUTH_CLIENT_ID
  value: {{ $login.username | quote }}
- name: KEMPT_KAFKA_OAUTH_CLIENT_SECRET_FILE
  value: {{ $folder }}/kafka-password
{{- with $global.kafka.sasl.oauth.scope }}
- name: KEMPT_KAFKA_OAUTH_SCOPE
  value: {{ . | quote }}
{{- end }}
{{- else }}
- name: KEMPT_KAFKA_SASL_USERNAME
  value: {{ $login.username | quote }}
- name: KEMPT_KAFKA_SASL_PASSWORD_FILE
  value: {{ $folder }}/kafka-password
{{- end }}
{{- end }}
{{- with $global.kafka.replicationFactor }}
- name: KEMPT_KAFKA_REPLICATION_FACTOR
  value: {{ int64 . | toString | quote }}
{{- end }}
- name: KEMPT_ENSURE_TOPICS
  value: {{ eq $global.kafka.topics "services" | quote }}
{{- else if $global.busDatabase.existingSecret }}
- name: KEMPT_BUS_DATABASE_URL_FILE
  value: {{ $folder }}/bus-database-url
{{- end }}
{{- with $global.kafka.topicPrefix }}
- name: KEMPT_TOPIC_PREFIX
  value: {{ . | quote }}
{{- end }}
{{- if ne $global.wireFormat "protobuf" }}
- name: KEMPT_WIRE_FORMAT
  value: {{ $global.wireFormat }}
{{- end }}
{{- with $global.schemaRegistry.url }}
- name: KEMPT_SCHEMA_REGISTRY_URL
  value: {{ . | quote }}
{{- with $global.schemaRegistry.username }}
- name: KEMPT_SCHEMA_REGISTRY_USERNAME
  value: {{ . | quote }}
- name: KEMPT_SCHEMA_REGISTRY_PASSWORD_FILE
  value: {{ $folder }}/schema-registry-password
{{- end }}
{{- end }}
{{- end -}}

{{/* What Node.js trusts besides its own list, and what everybody gets from global.extraEnv. */}}
{{- define "service.commonEnvironment" -}}
{{- $global := .Values.global -}}
{{- if or $global.caBundle.secret $global.caBundle.configMap }}
- name: NODE_EXTRA_CA_CERTS
  value: {{ include "service.secretsFolder" . }}/ca-bundle.crt
{{- end }}
{{- with $global.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Every environment variable of a server. Takes (dict "root" $ "resources" ... "role" "sync"). */}}
{{- define "service.environment" -}}
{{- $root := .root -}}
{{- $folder := include "service.secretsFolder" $root -}}
- name: NODE_OPTIONS
  value: {{ include "service.nodeOptions" . }}
- name: KEMPT_HTTP_HOST
  value: 0.0.0.0
- name: KEMPT_HTTP_PORT
  value: "8080"
- name: KEMPT_HTTP_DRAIN_DELAY_MS
  value: {{ int64 $root.Values.drainDelayMs | toString | quote }}
- name: KEMPT_STOP_TIMEOUT_MS
  value: {{ sub (mul (int64 $root.Values.terminationGracePeriodSeconds) 1000) 5000 | toString | quote }}
- name: KEMPT_DATABASE_URL_FILE
  value: {{ $folder }}/database-url
- name: KEMPT_MIGRATIONS
  value: check
{{ include "service.busEnvironment" $root }}
- name: KEMPT_INTERNAL_TOKEN_PUBLIC_KEY_FILE
  value: {{ $folder }}/public-key
- name: KEMPT_CURSOR_SECRET_FILE
  value: {{ $folder }}/cursor-secret
{{- with include (printf "%s.environment" $root.Chart.Name) . | trim }}
{{ . }}
{{- end }}
{{- include "service.settings" (dict "settings" $root.Values.settings "prefix" "") }}
{{- include "service.commonEnvironment" $root }}
{{- with $root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* One item of a projected volume, from a Secret or a ConfigMap. Takes (dict "from" (dict "secret" "" "configMap" "" "key" "") "path" "x"). */}}
{{- define "service.caSource" -}}
{{- if .from.secret }}
- secret:
    name: {{ .from.secret }}
    items:
      - { key: {{ .from.key }}, path: {{ .path }} }
{{- else if .from.configMap }}
- configMap:
    name: {{ .from.configMap }}
    items:
      - { key: {{ .from.key }}, path: {{ .path }} }
{{- end }}
{{- end -}}

{{/* Files that the event bus needs. */}}
{{- define "service.busSources" -}}
{{- $global := .Values.global -}}
{{- if eq $global.bus "kafka" }}
{{- $login := include "service.kafkaLogin" . | fromJson }}
{{- if $global.kafka.tls.enabled }}
{{- include "service.caSource" (dict "from" $global.kafka.tls.ca "path" "kafka-ca.crt") }}
{{- if $login.clientSecret }}
- secret:
    name: {{ $login.clientSecret }}
    items:
      - { key: {{ $login.certificateKey }}, path: kafka-client.crt }
      - { key: {{ $login.keyKey }}, path: kafka-client.key }
{{- end }}
{{- end }}
{{- if $login.mechanism }}
- secret:
    name: {{ $login.secret }}
    items:
      - { key: {{ $login.passwordKey }}, path: kafka-password }
{{- end }}
{{- else if $global.busDatabase.existingSecret }}
- secret:
    name: {{ $global.busDatabase.existingSecret }}
    items:
      - { key: {{ $global.busDatabase.urlKey }}, path: bus-database-url }
{{- end }}
{{- with $global.schemaRegistry.username }}
- secret:
    name: {{ $global.schemaRegistry.existingSecret }}
    items:
      - { key: {{ $global.schemaRegistry.passwordKey }}, path: schema-registry-password }
{{- end }}
{{- include "service.caSource" (dict "from" $global.caBundle "path" "ca-bundle.crt") }}
{{- end -}}

{{/* Files of a server: only what this service needs of a Secret that all of them share. */}}
{{- define "service.sources" -}}
{{- $global := .Values.global -}}
- secret:
    name: {{ .Values.database.existingSecret | default $global.database.existingSecret }}
    items:
      - { key: {{ .Values.database.urlKey | default .Chart.Name }}, path: database-url }
- secret:
    name: {{ $global.keys.existingSecret }}
    items:
      - { key: {{ $global.keys.publicKey }}, path: public-key }
      - { key: {{ $global.keys.cursorSecret }}, path: cursor-secret }
{{- include "service.caSource" (dict "from" $global.database.ca "path" "database-ca.crt") }}
{{- include "service.busSources" . }}
{{- with include (printf "%s.sources" .Chart.Name) . | trim }}
{{ . }}
{{- end }}
{{- end -}}
