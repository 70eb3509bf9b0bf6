{{/*
Annotations of what has to be there before a release is: hooks of Helm, which Flux honours, and of Argo CD. They never depend
on a setting, or an object would turn from a hook into a part of the release and collide with itself. Jobs stay until the next
release, so that their logs can be read. Takes (dict "weight" 10 "policy" "before-hook-creation").
*/}}
{{- define "service.hookAnnotations" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ .weight | toString | quote }}
helm.sh/hook-delete-policy: {{ .policy | default "before-hook-creation" }}
argocd.argoproj.io/hook: PreSync
argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
argocd.argoproj.io/sync-wave: {{ .weight | toString | quote }}
{{- end -}}

{{/* A Job that runs before a release. Takes (dict "root" $ "name" "x" "component" "migration" "weight" 10 "container" text "volumes" text). */}}
{{- define "service.hookJob" -}}
{{- $root := .root -}}
{{- $migrations := $root.Values.global.migrations -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "service.labels" (dict "root" $root "component" .component) | nindent 4 }}
  {{- /* A Job that fails says why where Helm was called. */}}
  {{- $hook := merge (dict "helm.sh/hook-output-log-policy" "hook-failed") (include "service.hookAnnotations" . | fromYaml) }}
  {{- include "service.annotations" (dict "root" $root "own" $hook) | nindent 2 }}
spec:
  backoffLimit: {{ int64 $migrations.backoffLimit }}
  activeDeadlineSeconds: {{ int64 $migrations.activeDeadlineSeconds }}
  ttlSecondsAfterFinished: {{ int64 $migrations.ttlSecondsAfterFinished }}
  template:
    metadata:
      labels:
        {{- include "service.labels" (dict "root" $root "component" .component) | nindent 8 }}
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "service.podBasics" (dict "root" $root "serviceAccountName" $migrations.serviceAccountName) | nindent 6 }}
      restartPolicy: Never
      containers:
        - {{- .container | nindent 10 }}
      volumes:
        - {{- include "service.tmpVolume" $root | nindent 10 }}
        {{- .volumes | nindent 8 }}
{{- end -}}

{{- define "service.migrationJob" -}}
{{- if eq .Values.global.migrations.mode "hook" }}
---
{{- $volumes := printf "- %s\n- %s" (include "service.secretsVolume" (include "service.sources" . | trim) | indent 2 | trim) (include "service.adminVolume" . | indent 2 | trim) }}
{{ include "service.hookJob" (dict "root" . "name" (printf "%s-migrate" (include "service.fullname" .)) "component" "migration" "weight" 10 "container" (include "service.migrationContainer" (dict "root" .)) "volumes" $volumes) }}
{{- if .Values.global.networkPolicy.enabled }}
---
{{ include "service.hookNetworkPolicy" (dict "root" . "name" (printf "%s-migrate" (include "service.fullname" .)) "component" "migration" "egress" (include "service.databaseEgress" .)) }}
{{- end }}
{{- end }}
{{- end -}}
