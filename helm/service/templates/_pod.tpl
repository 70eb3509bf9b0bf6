{{/* What PodSecurity "restricted" asks of a pod. */}}
{{- define "service.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What it asks of a container, and a root file system that nobody can write to. */}}
{{- define "service.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The head of every pod. Takes (dict "root" $ "serviceAccountName" "x"). */}}
{{- define "service.podBasics" -}}
{{- $global := .root.Values.global -}}
automountServiceAccountToken: false
enableServiceLinks: false
serviceAccountName: {{ .serviceAccountName }}
securityContext:
  {{- include "service.podSecurityContext" .root | nindent 2 }}
{{- with $global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $global.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with merge (dict) (.root.Values.nodeSelector | default dict) $global.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat $global.tolerations (.root.Values.tolerations | default list) }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Admin URL and whatever the program checks at its start: the container that migrates. Takes (dict "root" $). */}}
{{- define "service.migrationContainer" -}}
{{- $root := .root -}}
{{- $migrations := $root.Values.global.migrations -}}
{{- $folder := include "service.secretsFolder" $root -}}
name: migrate
image: {{ include "service.image" (dict "root" $root "image" $root.Values.image) }}
imagePullPolicy: {{ $root.Values.global.imagePullPolicy }}
args: [migrate]
env:
  - name: NODE_OPTIONS
    value: {{ include "service.nodeOptions" (dict "resources" $migrations.resources) }}
  - name: KEMPT_DATABASE_URL_FILE
    value: {{ $folder }}/database-url
  - name: KEMPT_DATABASE_ADMIN_URL_FILE
    value: {{ $folder }}-admin/database-admin-url
  {{- include "service.busEnvironment" $root | nindent 2 }}
  {{- with $root.Values.global.busDatabase.adminUrlKey }}
  - name: KEMPT_BUS_DATABASE_ADMIN_URL_FILE
    value: {{ $folder }}-admin/bus-database-admin-url
  {{- end }}
  {{- with include (printf "%s.environment" $root.Chart.Name) (dict "root" $root "role" "" "migration" true) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- include "service.commonEnvironment" $root | nindent 2 }}
  {{- with $root.Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
securityContext:
  {{- include "service.containerSecurityContext" $root | nindent 2 }}
resources:
  {{- toYaml $migrations.resources | nindent 2 }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  - { name: secrets, mountPath: {{ $folder }}, readOnly: true }
  - { name: admin-secrets, mountPath: {{ $folder }}-admin, readOnly: true }
{{- end -}}

{{- define "service.adminVolume" -}}
{{- $global := .Values.global -}}
name: admin-secrets
projected:
  defaultMode: 288
  sources:
    - secret:
        name: {{ $global.database.admin.existingSecret }}
        items:
          - { key: {{ $global.database.admin.urlKey }}, path: database-admin-url }
    {{- if and (eq $global.bus "postgres") $global.busDatabase.adminUrlKey }}
    - secret:
        name: {{ $global.busDatabase.existingSecret }}
        items:
          - { key: {{ $global.busDatabase.adminUrlKey }}, path: bus-database-admin-url }
    {{- end }}
{{- end -}}

{{/* 288 is 0440: readable for the group of the pod. Readers of YAML disagree about how octal numbers are written. */}}
{{- define "service.secretsVolume" -}}
name: secrets
projected:
  defaultMode: 288
  sources:
    {{- . | nindent 4 }}
{{- end -}}

{{- define "service.tmpVolume" -}}
name: tmp
emptyDir: { sizeLimit: 64Mi }
{{- end -}}
