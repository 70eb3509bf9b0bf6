{{/* Generated; edits are lost. What it comes from: scripts/charts. */}}
{{- define "service.consumption" -}}
{
  "connector": [
    {
      "group": "connector-changes",
      "role": "writer",
      "topics": [
        "kempt.dedupe.merge-proposed.v1",
        "kempt.data-quality.fix-proposed.v1"
      ]
    },
    {
      "group": "connector-maintenance",
      "role": "sync",
      "topics": [
        "kempt.metrics.maintenance-task-due.v1",
        "kempt.metrics.canary-sent.v1"
      ]
    }
  ],
  "dedupe": [
    {
      "group": "dedupe",
      "topics": [
        "kempt.connector.record-state.v1",
        "kempt.connector.connection-changed.v1",
        "kempt.connector.sync-run-finished.v1",
        "kempt.metrics.canary-sent.v1"
      ]
    }
  ],
  "data-quality": [
    {
      "group": "data-quality",
      "topics": [
        "kempt.connector.record-state.v1",
        "kempt.dedupe.cluster-changed.v1",
        "kempt.metrics.canary-sent.v1"
      ]
    }
  ],
  "integration-audit": [
    {
      "group": "integration-audit",
      "topics": [
        "kempt.connector.connection-changed.v1",
        "kempt.connector.audit-record-changed.v1",
        "kempt.connector.change-set-changed.v1",
        "kempt.dedupe.match-decided.v1",
        "kempt.metrics.maintenance-task-finished.v1",
        "kempt.metrics.canary-sent.v1"
      ]
    }
  ],
  "metrics": [
    {
      "group": "metrics",
      "topics": [
        "kempt.connector.sync-run-finished.v1",
        "kempt.connector.record-state.v1",
        "kempt.data-quality.score-measured.v1",
        "kempt.connector.crm-probed.v1",
        "kempt.connector.audit-record-changed.v1",
        "kempt.connector.connection-changed.v1",
        "kempt.connector.completeness-measured.v1",
        "kempt.dedupe.merge-proposed.v1",
        "kempt.dedupe.match-decided.v1",
        "kempt.metrics.canary-sent.v1"
      ]
    }
  ],
  "gateway": [
    {
      "group": "gateway",
      "topics": [
        "kempt.connector.connection-changed.v1",
        "kempt.connector.sync-run-finished.v1",
        "kempt.connector.record-changed.v1",
        "kempt.dedupe.cluster-changed.v1",
        "kempt.dedupe.merge-proposed.v1",
        "kempt.dedupe.match-decided.v1",
        "kempt.connector.change-set-changed.v1",
        "kempt.data-quality.issue-changed.v1",
        "kempt.data-quality.score-measured.v1",
        "kempt.integration-audit.finding-changed.v1",
        "kempt.integration-audit.evidence-recorded.v1",
        "kempt.metrics.kpi-measured.v1",
        "kempt.connector.crm-probed.v1",
        "kempt.metrics.maintenance-task-due.v1",
        "kempt.metrics.maintenance-task-finished.v1",
        "kempt.metrics.canary-sent.v1"
      ]
    }
  ]
}
{{- end -}}
