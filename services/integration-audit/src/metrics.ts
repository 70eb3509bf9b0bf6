import type { Metrics } from '@kempt/telemetry';

/** How many findings are open, of all tenants. */
export interface OpenFindings {
  readonly rule: string;
  readonly severity: string;
  readonly count: number;
}

/** Every metric of the service. `openFindings` is asked at each scrape. */
export function createIntegrationAuditMetrics(metrics: Metrics, openFindings: () => Promise<readonly OpenFindings[]>) {
  const open = metrics.gauge('kempt_findings_open', 'Findings that nobody has resolved or accepted, of all tenants.', {
    labels: ['rule', 'severity'],
    collect: async () => {
      const found = await openFindings();
      open.reset();
      for (const { rule, severity, count } of found) open.set({ rule, severity }, count);
    },
  });
  return {
    /** kind: kempt-connection | app | client; status: that of the integration after the change */
    integrationChanges: metrics.counter(
      'kempt_integration_changes_total',
      'Changes that were taken into the register of integrations.',
      ['kind', 'status'],
    ),
    /** kind: user | login | app | apiUsage | setupChange */
    auditRecords: metrics.counter('kempt_audit_records_total', 'Audit records that were heard of.', ['kind']),
    /** rule: as in GET /v1/findings/rules; state: open | resolved | accepted */
    findingChanges: metrics.counter('kempt_finding_changes_total', 'Findings that changed.', ['rule', 'state']),
    /** subject_kind: change-set | maintenance-task | review | finding */
    evidenceLinks: metrics.counter('kempt_evidence_links_total', 'Links that were added to evidence chains.', [
      'subject_kind',
    ]),
  };
}

export type IntegrationAuditMetrics = ReturnType<typeof createIntegrationAuditMetrics>;
