import type { Alert } from './alert.ts';
import { budgetAlerts } from './budget-alerts.ts';
import { crmAlerts } from './crm-alerts.ts';
import { eventAlerts } from './event-alerts.ts';
import { serviceAlerts } from './service-alerts.ts';

/** Groups of alerts as they stand in the rule file. */
export const alertGroups: readonly { readonly name: string; readonly alerts: readonly Alert[] }[] = [
  { name: 'kempt-error-budgets', alerts: budgetAlerts },
  { name: 'kempt-services', alerts: serviceAlerts },
  { name: 'kempt-events', alerts: eventAlerts },
  { name: 'kempt-crms', alerts: crmAlerts },
];

export const alerts: readonly Alert[] = alertGroups.flatMap((group) => group.alerts);

/** Names without repeats: the two severities of a burn share a runbook. */
export const alertNames: readonly string[] = [...new Set(alerts.map(({ name }) => name))];
