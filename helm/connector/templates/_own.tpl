{{/* Where the file with declared connections comes from: a Secret of yours, the simulated CRMs, values, or nowhere. */}}
{{- define "connector.connectionsFrom" -}}
{{- if .Values.connections.existingSecret -}}secret
{{- else if .Values.global.simulators.enabled -}}simulators
{{- else if or .Values.connections.declared .Values.connections.fieldMaps -}}values
{{- end -}}
{{- end -}}

{{- define "connector.connectionsFile" -}}
{{- $file := dict -}}
{{- with .Values.connections.declared -}}{{- $_ := set $file "connections" . -}}{{- end -}}
{{- with .Values.connections.fieldMaps -}}{{- $_ := set $file "fieldMaps" . -}}{{- end -}}
{{- toYaml $file -}}
{{- end -}}

{{- define "connector.environment" -}}
{{- $root := .root -}}
{{- $folder := include "service.secretsFolder" $root -}}
- name: KEMPT_CONNECTOR_SEALING_KEY_FILE
  value: {{ $folder }}/sealing-key
{{- if not .migration }}
{{- with .role }}
- name: KEMPT_CONNECTOR_ROLES
  value: {{ . }}
{{- end }}
{{- if include "connector.connectionsFrom" $root }}
- name: KEMPT_CONFIG_FILE
  value: /etc/kempt/connections/connections.yaml
{{- end }}
{{- if and $root.Values.global.simulators.enabled (not (dig "connector" "allowedHosts" "" $root.Values.settings)) }}
{{- $host := include "service.sibling" (list $root "simulators") }}
- name: KEMPT_CONNECTOR_ALLOWED_HOSTS
  value: {{ printf "%s:8081,%s:8082" $host $host | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "connector.sources" -}}
- secret:
    name: {{ .Values.sealingKey.existingSecret | default .Values.global.keys.existingSecret }}
    items:
      - { key: {{ .Values.sealingKey.key }}, path: sealing-key }
{{- end -}}

{{- define "connector.checksums" -}}
{{- if eq (include "connector.connectionsFrom" .) "values" }}
checksum/connections: {{ include "connector.connectionsFile" . | sha256sum }}
{{- end }}
{{- end -}}

{{- define "connector.volumes" -}}
{{- $from := include "connector.connectionsFrom" . }}
{{- if eq $from "values" }}
- name: connections
  configMap: { name: {{ include "service.fullname" . }}-connections }
{{- else if eq $from "secret" }}
- name: connections
  secret:
    secretName: {{ .Values.connections.existingSecret }}
    defaultMode: 288
    items:
      - { key: {{ .Values.connections.key }}, path: connections.yaml }
{{- else if eq $from "simulators" }}
- name: connections
  secret: { secretName: {{ include "service.sibling" (list . "simulators") }}, defaultMode: 288 }
{{- end }}
{{- with .Values.connections.credentials }}
- name: credentials
  projected:
    defaultMode: 288
    sources:
      {{- range . }}
      - secret: { name: {{ . }} }
      {{- end }}
{{- end }}
{{- end -}}

{{- define "connector.volumeMounts" -}}
{{- if include "connector.connectionsFrom" . }}
- { name: connections, mountPath: /etc/kempt/connections, readOnly: true }
{{- end }}
{{- if .Values.connections.credentials }}
- { name: credentials, mountPath: /etc/kempt/credentials, readOnly: true }
{{- end }}
{{- end -}}

{{- define "connector.ingress" -}}{{- end -}}

{{/* The CRMs: every public address on 443, and none that is private. */}}
{{- define "connector.egress" -}}
{{- $crm := .Values.global.networkPolicy.crm }}
- ports:
    {{- range $crm.ports }}
    - { port: {{ int64 . }}, protocol: TCP }
    {{- end }}
  to:
    {{- if $crm.to }}
    {{- toYaml $crm.to | nindent 4 }}
    {{- else }}
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          {{- toYaml $crm.except | nindent 10 }}
    {{- end }}
{{- if .Values.global.simulators.enabled }}
- ports:
    - { port: 8081, protocol: TCP }
    - { port: 8082, protocol: TCP }
  to:
    {{- include "service.peers" (dict "root" . "names" (list "simulators")) | trim | nindent 4 }}
{{- end }}
{{- end -}}

{{- define "connector.problems" -}}
{{- if and .Values.connections.existingSecret (or .Values.connections.declared .Values.connections.fieldMaps) }}
connections.existingSecret holds the whole file: leave connections.declared and connections.fieldMaps empty.
{{- end }}
{{- if and .Values.global.simulators.enabled (or .Values.connections.declared .Values.connections.fieldMaps) }}
global.simulators.enabled connects the simulated CRMs: leave connections.declared and connections.fieldMaps empty.
{{- end }}
{{- end -}}
