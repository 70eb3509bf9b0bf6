/** Names of the KPIs, as they stand in events, routes and metrics. */
export const kpiNames = [
  'data-quality',
  'crm-uptime',
  'kempt-uptime',
  'user-adoption',
  'process-efficiency',
  'customer-satisfaction',
] as const;
export type KpiName = (typeof kpiNames)[number];

export interface KpiDefinition {
  readonly name: KpiName;
  readonly title: string;
  readonly unit: 'score' | 'ratio' | 'days';
  readonly higherIsBetter: boolean;
  /** How the value follows from its terms, for people. */
  readonly formula: string;
  /** Holds until somebody sets another one. */
  readonly target: number;
}

/** A KPI at a moment. */
export interface Measurement {
  /** Null while there is nothing to compute it from. */
  readonly value: number | null;
  /** What the formula was applied to. */
  readonly terms: Readonly<Record<string, number>>;
}

/** A KPI of an account, or of the whole tenant. */
export interface KpiReading extends Measurement {
  readonly kpi: KpiName;
  /** Empty for the whole tenant. */
  readonly account: string;
}

export const kpiDefinitions: Readonly<Record<KpiName, KpiDefinition>> = {
  'data-quality': {
    name: 'data-quality',
    title: 'Data quality',
    unit: 'score',
    higherIsBetter: true,
    formula: 'Mean of the newest scores of all objects, weighted by their records.',
    target: 90,
  },
  'crm-uptime': {
    name: 'crm-uptime',
    title: 'Uptime of the CRMs',
    unit: 'ratio',
    higherIsBetter: true,
    formula: 'Time in which probes found the CRM up, divided by the time that was observed; the last 30 days.',
    target: 0.999,
  },
  'kempt-uptime': {
    name: 'kempt-uptime',
    title: 'Uptime of Kempt',
    unit: 'ratio',
    higherIsBetter: true,
    formula:
      'Time in which the services answered, divided by the time that was observed; the last 30 days, all services.',
    target: 0.999,
  },
  'user-adoption': {
    name: 'user-adoption',
    title: 'User adoption',
    unit: 'ratio',
    higherIsBetter: true,
    formula: 'Active people who logged in during the last 30 days, divided by all active people.',
    target: 0.8,
  },
  'process-efficiency': {
    name: 'process-efficiency',
    title: 'Days to win a deal',
    unit: 'days',
    higherIsBetter: false,
    formula: 'Median days from the creation of a deal to its close date, over deals won in the last 730 days.',
    target: 60,
  },
  'customer-satisfaction': {
    name: 'customer-satisfaction',
    title: 'Customer satisfaction',
    unit: 'ratio',
    higherIsBetter: true,
    formula: 'Answers of 4 or 5 to satisfaction surveys, divided by all of them; the last 365 days.',
    target: 0.85,
  },
};
