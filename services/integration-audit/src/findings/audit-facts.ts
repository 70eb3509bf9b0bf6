import type { FailedLogin } from '../access/login-store.ts';
import type { KnownUser } from '../access/user-store.ts';
import type { CrmIntegration } from '../integrations/crm-integration.ts';
import type { SetupChange } from '../setup-changes/setup-change.ts';

/** Where the rules draw their lines. Days are whole days before now. */
export interface Thresholds {
  readonly unusedAfterDays: number;
  readonly newForDays: number;
  readonly idlePowerDays: number;
  readonly administrationDays: number;
  readonly recentChangeDays: number;
  readonly callSharePercent: number;
  readonly failedLogins: number;
  readonly failedLoginWindowMinutes: number;
  /** Names under which Kempt itself comes to the CRMs. */
  readonly ownApps: readonly string[];
}

/** What is known of one account, which its findings follow from. */
export interface AuditFacts {
  readonly account: string;
  readonly now: Date;
  /** Since when anything is known of it. */
  readonly firstSeenAt: Date;
  readonly users: readonly KnownUser[];
  readonly integrations: readonly CrmIntegration[];
  /** Risky ones of the last days. */
  readonly riskyChanges: readonly (SetupChange & { readonly userName: string })[];
  /** Of the last days, in the order of their time. */
  readonly failedLogins: readonly FailedLogin[];
  /** The CRM shows log-ins at all: else that somebody has none says nothing. */
  readonly knowsLogins: boolean;
  readonly knowsSetupChanges: boolean;
}
