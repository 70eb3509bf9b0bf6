import type { Position } from './crm-client.ts';

/** A person or integration user. Times are milliseconds since 1970. */
export interface UserContent {
  readonly name: string;
  readonly email: string;
  readonly username: string;
  readonly active: boolean;
  readonly userType: string;
  /** Profile, permission sets and roles by name, sorted. */
  readonly roles: readonly string[];
  /** Powers beyond ordinary work, sorted. */
  readonly powers: readonly string[];
  readonly lastLoginAtMs: number | null;
  readonly createdAtMs: number | null;
}

export interface LoginContent {
  readonly userId: string;
  readonly atMs: number;
  readonly application: string;
  readonly sourceIp: string;
  readonly succeeded: boolean;
  readonly status: string;
}

export interface AppContent {
  readonly name: string;
  readonly appKind: 'connected-app' | 'oauth-app' | 'private-app';
  /** Sorted. */
  readonly userIds: readonly string[];
  readonly useCount: number;
  readonly lastUsedAtMs: number | null;
  readonly createdAtMs: number | null;
}

export interface ApiUsageContent {
  /** Calendar date in UTC. */
  readonly day: string;
  /** Empty for a caller that came through no registered app. */
  readonly appId: string;
  readonly appName: string;
  readonly calls: number;
  /** 0 when the CRM does not say. */
  readonly dailyLimit: number;
}

export interface SetupChangeContent {
  readonly atMs: number;
  readonly userId: string;
  readonly action: string;
  readonly section: string;
  readonly display: string;
}

export interface AuditContents {
  readonly user: UserContent;
  readonly login: LoginContent;
  readonly app: AppContent;
  readonly 'api-usage': ApiUsageContent;
  readonly 'setup-change': SetupChangeContent;
}

export type AuditKind = keyof AuditContents;

/** One thing that an audit looks at. Its id is unique within account and kind, and has no colon. */
export type AuditRecord = {
  readonly [K in AuditKind]: { readonly kind: K; readonly auditId: string; readonly content: AuditContents[K] };
}[AuditKind];

export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Where the next reading goes on; null for a source that is read as a whole every time. */
  readonly next: Position | null;
  /** Something is waiting there already. */
  readonly more: boolean;
}

/** One place in a CRM where something that an audit looks at can be read. */
export interface AuditSource {
  /** Name for people and programs, such as `log-ins`. */
  readonly name: string;
  readonly kind: AuditKind;
  /** Every reading gives all there is, so that what is missing from it is gone. */
  readonly isWhole: boolean;
  /** Rejects with CrmError: kind `permission`, `not-found` or `validation` when the account does not offer it. */
  read(position: Position | null, signal: AbortSignal): Promise<AuditPage>;
}

/** Reads who has access to an account, and what they did with it. Nobody is left out, Kempt itself included. */
export interface AuditReader {
  readonly sources: readonly AuditSource[];
}
