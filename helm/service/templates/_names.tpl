{{/* The name of everything that belongs to one service: <release>-<service>. */}}
{{- define "service.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of a sibling in the same release, whether or not this chart knows its values. Takes (list root name). */}}
{{- define "service.sibling" -}}
{{- printf "%s-%s" (first .).Release.Name (last .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "service.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What a Deployment selects by. It can never change, so it holds nothing that does. */}}
{{- define "service.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object. Takes (dict "root" $ "component" "server"); a component of its own keeps Jobs out of Services. */}}
{{- define "service.labels" -}}
{{- $root := .root -}}
helm.sh/chart: {{ include "service.chart" $root }}
app.kubernetes.io/name: {{ .name | default $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: kempt
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- with $root.Values.global.labels }}
{{ toYaml . }}
{{- end }}
{{- with $root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Annotations of every object, and those that are given. Takes (dict "root" $ "own" (dict ...)). Nothing when there are none. */}}
{{- define "service.annotations" -}}
{{- $all := merge (dict) (.own | default dict) (.root.Values.annotations | default dict) (.root.Values.global.annotations | default dict) -}}
{{- with $all -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* A full image reference; a digest counts for more than a tag. Takes (dict "root" $ "image" .Values.image). */}}
{{- define "service.image" -}}
{{- $global := .root.Values.global -}}
{{- $repository := .image.repository -}}
{{- with $global.imageRegistry -}}{{- $repository = printf "%s/%s" (trimSuffix "/" .) $repository -}}{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.image.tag | default $global.imageTag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "service.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "service.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* Fails with one sentence when the cluster lacks an API that is asked for. Takes (dict "root" $ "api" "group/version" "what" "x" "off" "a.b=false"). */}}
{{- define "service.requireApi" -}}
{{- if and .root.Values.global.checkApiVersions (not (.root.Capabilities.APIVersions.Has .api)) -}}
{{- fail (printf "\n\n%s is switched on, but this cluster does not know %s. Install what brings it, or set %s. When rendering without a cluster, pass --api-versions %s, or set global.checkApiVersions=false.\n" .what .api .off .api) -}}
{{- end -}}
{{- end -}}
