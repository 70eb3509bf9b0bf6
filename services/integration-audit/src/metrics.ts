import type { Metrics } from '@kempt/telemetry';

/** Every metric of the service. */
export function createIntegrationAuditMetrics(metrics: Metrics) {
  return {
    /** kind: kempt-connection; status: that of the integration after the change */
    integrationChanges: metrics.counter(
      'kempt_integration_changes_total',
      'Changes that were taken into the register of integrations.',
      ['kind', 'status'],
    ),
  };
}

export type IntegrationAuditMetrics = ReturnType<typeof createIntegrationAuditMetrics>;
