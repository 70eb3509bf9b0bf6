import type { Router } from '../http/router.ts';
import { type HubSpotCall, type HubSpotHandler, limitParameter } from './call.ts';
import type { HubSpotAudit } from './hubspot-audit.ts';
import { notFound, validationError } from './hubspot-error.ts';

type Entry = Readonly<Record<string, unknown>>;

function paged(call: HubSpotCall, entries: readonly Entry[]): Record<string, unknown> {
  const limit = limitParameter(call, 100, 500);
  const start = Number(call.request.query.get('after') ?? 0);
  if (!Number.isInteger(start) || start < 0) throw validationError('after is not a known position');
  const next = start + limit;
  const results = entries.slice(start, next);
  return next < entries.length ? { results, paging: { next: { after: String(next) } } } : { results };
}

/** A point in time from the query, in milliseconds, or null. */
function timeParameter(call: HubSpotCall, name: string): number | null {
  const text = call.request.query.get(name);
  if (text === null || text === '') return null;
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(ms)) throw validationError(`${name} is not a point in time: ${text}`);
  return ms;
}

interface Window {
  readonly time: string;
  readonly from: string;
  readonly to: string;
}

function inWindow(call: HubSpotCall, entries: readonly Entry[], { time, from, to }: Window): readonly Entry[] {
  const [after, before] = [timeParameter(call, from), timeParameter(call, to)];
  return entries.filter((entry) => {
    const at = Date.parse(String(entry[time]));
    return (after === null || at >= after) && (before === null || at <= before);
  });
}

/** Users of the account, their logins, and what changed in its security and settings. */
export function addAuditRoutes(router: Router<HubSpotHandler>, audit: HubSpotAudit): void {
  const securityScope = (call: HubSpotCall) => call.auth.needScope('account-info.security.read');
  const ofUser = (call: HubSpotCall, entries: readonly Entry[]) => {
    const userId = call.request.query.get('userId');
    return userId === null || userId === '' ? entries : entries.filter((entry) => String(entry.userId) === userId);
  };

  router.add('GET', '/settings/users/roles', (call) => {
    call.auth.needScope('settings.users.read');
    return { status: 200, json: { results: audit.roles } };
  });
  router.add('GET', '/settings/users/teams', (call) => {
    call.auth.needScope('settings.users.read');
    return { status: 200, json: { results: [] } };
  });
  router.add('GET', '/settings/users', (call) => {
    call.auth.needScope('settings.users.read');
    return { status: 200, json: paged(call, audit.users) };
  });
  router.add('GET', '/settings/users/:id', (call) => {
    call.auth.needScope('settings.users.read');
    const key = call.request.query.get('idProperty') === 'EMAIL' ? 'email' : 'id';
    const user = audit.users.find((each) => each[key] === call.params.id);
    if (user === undefined) throw notFound(`User ${call.params.id} does not exist`);
    return { status: 200, json: user };
  });
  router.add('GET', '/account-info/activity/login', (call) => {
    securityScope(call);
    return { status: 200, json: paged(call, ofUser(call, audit.logins)) };
  });
  router.add('GET', '/account-info/activity/security', (call) => {
    securityScope(call);
    const window = { time: 'createdAt', from: 'fromTimestamp', to: 'toTimestamp' };
    return { status: 200, json: paged(call, inWindow(call, ofUser(call, audit.security), window)) };
  });
  router.add('GET', '/account-info/activity/audit-logs', (call) => {
    securityScope(call);
    const actingUserId = call.request.query.get('actingUserId');
    const window = { time: 'occurredAt', from: 'occurredAfter', to: 'occurredBefore' };
    const entries = inWindow(call, audit.auditLogs, window).filter(
      ({ actingUser }) => actingUserId === null || String((actingUser as { userId: unknown }).userId) === actingUserId,
    );
    const isOldestFirst = call.request.query.get('sort') === 'occurredAt';
    return { status: 200, json: paged(call, isOldestFirst ? [...entries].reverse() : entries) };
  });
}
