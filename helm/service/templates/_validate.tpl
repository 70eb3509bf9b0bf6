{{/* What has to be there before anything can work: all of it is told at once, each with what to set. */}}
{{- define "service.validate" -}}
{{- $global := .Values.global -}}
{{- $problems := list -}}
{{- if eq $global.bus "kafka" -}}
{{- if not $global.kafka.brokers -}}
{{- $problems = append $problems "Kafka has no address: set global.kafka.brokers to [\"host:9092\", ...], or global.bus=postgres to do without Kafka." -}}
{{- end -}}
{{- $login := include "service.kafkaLogin" . | fromJson -}}
{{- if and $login.mechanism (not (and $login.username $login.secret)) -}}
{{- $problems = append $problems (printf "global.kafka.sasl.mechanism is %s: set global.kafka.sasl.username and global.kafka.sasl.existingSecret, or both under %s.kafka." $login.mechanism .Chart.Name) -}}
{{- end -}}
{{- if and (eq $login.mechanism "oauthbearer") (not $global.kafka.sasl.oauth.tokenUrl) -}}
{{- $problems = append $problems "global.kafka.sasl.mechanism is oauthbearer: set global.kafka.sasl.oauth.tokenUrl." -}}
{{- end -}}
{{- if and $login.clientSecret (not $global.kafka.tls.enabled) -}}
{{- $problems = append $problems "A client certificate for Kafka needs global.kafka.tls.enabled=true." -}}
{{- end -}}
{{- if and (or $global.kafka.tls.ca.secret $global.kafka.tls.ca.configMap) (not $global.kafka.tls.enabled) -}}
{{- $problems = append $problems "global.kafka.tls.ca is set, but global.kafka.tls.enabled is false." -}}
{{- end -}}
{{- end -}}
{{- if and (eq $global.wireFormat "confluent") (not $global.schemaRegistry.url) -}}
{{- $problems = append $problems "global.wireFormat is confluent: set global.schemaRegistry.url." -}}
{{- end -}}
{{- if and $global.schemaRegistry.username (not $global.schemaRegistry.existingSecret) -}}
{{- $problems = append $problems "global.schemaRegistry.username is set: set global.schemaRegistry.existingSecret, which holds its password." -}}
{{- end -}}
{{- if not (or .Values.database.existingSecret $global.database.existingSecret) -}}
{{- $problems = append $problems (printf "Postgres has no address: set global.database.existingSecret, a Secret with the key %s." .Chart.Name) -}}
{{- end -}}
{{- range $extra := include (printf "%s.problems" .Chart.Name) . | trim | splitList "\n" -}}
{{- with $extra | trim -}}{{- $problems = append $problems . -}}{{- end -}}
{{- end -}}
{{- with $problems -}}
{{- fail (printf "\n\nThe values of %s do not fit together:\n  - %s\n" $.Chart.Name (join "\n  - " .)) -}}
{{- end -}}
{{- end -}}
