import { type Static, Type } from 'typebox';

/** Settings of the service besides the common ones. */
export const metricsConfigSchema = Type.Object({
  metrics: Type.Object(
    {
      chunkRecords: Type.Integer({
        default: 500,
        minimum: 1,
        maximum: 5_000,
        description: 'How many events are taken up in one transaction at most',
      }),
      kpiIntervalMs: Type.Integer({
        default: 60_000,
        minimum: 100,
        description: 'How often KPIs are measured; a value that stays the same is kept once an hour',
      }),
      baselineAfterMs: Type.Integer({
        default: 300_000,
        minimum: 0,
        description: 'How long every CRM must have been read before a value becomes the baseline of its KPI',
      }),
      calendarIntervalMs: Type.Integer({
        default: 30_000,
        minimum: 100,
        description: 'How often the maintenance calendar is looked at',
      }),
      canaryIntervalMs: Type.Integer({
        default: 15_000,
        minimum: 100,
        description: 'How often a canary is sent, an event that every service measures when it arrives',
      }),
      kpiTenants: Type.Array(Type.String({ minLength: 1, example: 'default' }), {
        default: ['default'],
        maxItems: 20,
        description: 'Tenants whose KPIs are shown as metrics; all others are told by REST and events only',
      }),
      probeTargets: Type.String({
        default: '',
        pattern: '^$|^[a-z][a-z-]*=https?://[^,=\\s]+(,[a-z][a-z-]*=https?://[^,=\\s]+)*$',
        description: 'Services whose uptime is measured, as name=http://host:port/livez, separated by commas',
      }),
      probeIntervalMs: Type.Integer({
        default: 15_000,
        minimum: 100,
        description: 'How often the services are asked whether they live',
      }),
      probeTimeoutMs: Type.Integer({
        default: 5_000,
        minimum: 10,
        description: 'A service that has not answered in this time is down',
      }),
    },
    { default: {} },
  ),
});

export type MetricsConfig = Static<typeof metricsConfigSchema>;

/** Reads `name=url,...`, which the schema has checked. */
export function probeTargetsOf(text: string): readonly { readonly name: string; readonly url: string }[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return { name: part.slice(0, equals), url: part.slice(equals + 1) };
    });
}
