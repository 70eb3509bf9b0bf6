import {
  ConnectionStatus,
  decodeEvent,
  type PositionedRecord,
  ProbeOutcome,
  ProposalState,
  parseRecordKey,
  timestampDate,
  topics,
} from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import { ensureTenant } from '../tenants/tenant-store.ts';
import { addProbe } from '../uptime/uptime-store.ts';
import {
  type AccountStatus,
  type CaseFact,
  type DealFact,
  type FeedbackFact,
  saveAccount,
  saveCases,
  saveCompleteness,
  saveDeals,
  saveDecision,
  saveFeedback,
  saveLogin,
  saveProposal,
  saveScore,
  saveUser,
} from './fact-store.ts';

const dateOf = (stamp: Parameters<typeof timestampDate>[0] | undefined): Date | null =>
  stamp === undefined ? null : timestampDate(stamp);

const byKey = (events: readonly PositionedRecord[]): readonly PositionedRecord[] =>
  events.toSorted((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1));

/** Deals, cases and feedback. Other records say nothing that a KPI is computed from. */
export const takeRecords: Handle = async (tx, events) => {
  const deals: DealFact[] = [];
  const cases: CaseFact[] = [];
  const feedback: FeedbackFact[] = [];
  for (const event of events) {
    const { data, sequence } = decodeEvent(topics.recordState, event);
    const place = { ...parseRecordKey(event.key).ref, version: sequence };
    const gone = data === null || data.deleted || data.mergedInto !== undefined;
    const kind = data?.canonical?.kind;
    if (gone) {
      // What a deleted or erased record was is not told, so it is taken out wherever it may be.
      deals.push({ ...place, won: false, createdAt: null, closedOn: null });
      cases.push({ ...place, createdAt: null, closedAt: null });
      feedback.push({ ...place, kind: '', score: null, submittedAt: null, comment: '' });
    } else if (kind?.case === 'deal') {
      const { isWon, createdAt, closeDate } = kind.value;
      deals.push({ ...place, won: isWon ?? false, createdAt: dateOf(createdAt), closedOn: calendarDate(closeDate) });
    } else if (kind?.case === 'case') {
      cases.push({ ...place, createdAt: dateOf(kind.value.createdAt), closedAt: dateOf(kind.value.closedAt) });
    } else if (kind?.case === 'feedback') {
      const { surveyKind, score, submittedAt, comment } = kind.value;
      feedback.push({
        ...place,
        kind: surveyKind.toUpperCase(),
        score: score === '' ? null : Number(score),
        submittedAt: dateOf(submittedAt),
        comment,
      });
    }
  }
  if (deals.length + cases.length + feedback.length === 0) return;
  await ensureTenant(tx);
  await saveDeals(tx, deals);
  await saveCases(tx, cases);
  await saveFeedback(tx, feedback);
};

function calendarDate(text: string): string | null {
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? text.slice(0, 10) : null;
}

/** Scores of objects. */
export const takeScores: Handle = async (tx, events) => {
  await ensureTenant(tx);
  for (const event of byKey(events)) {
    const { data } = decodeEvent(topics.scoreMeasured, event);
    if (data === null) continue;
    const { account, object, sequence, score, records } = data;
    await saveScore(tx, { account, object, sequence, score, records: Number(records) });
  }
};

/** Probes of the CRMs. A CRM that answered and refused us is up. */
export const takeProbes: Handle = async (tx, events) => {
  await ensureTenant(tx);
  for (const event of byKey(events)) {
    const { data, tenantId } = decodeEvent(topics.crmProbed, event);
    if (data?.at === undefined || data.outcome === ProbeOutcome.UNSPECIFIED) continue;
    await addProbe(tx, tenantId, data.account, {
      sequence: data.sequence,
      at: timestampDate(data.at),
      up: data.outcome !== ProbeOutcome.DOWN,
      intervalMs: data.intervalMs,
      latencyMs: data.latencyMs,
    });
  }
};

/** Names that Salesforce and its administrators give to the profile of a user that programs log in as. */
const integrationRole = /\bintegrations?(?: users?)?$/i;

/** Salesforce says Standard of people, and of users for programs, too; HubSpot says nothing, since its users are people. */
function isPerson({ userType, roles }: { readonly userType: string; readonly roles: readonly string[] }): boolean {
  return (userType === '' || userType === 'Standard') && !roles.some((role) => integrationRole.test(role));
}

/** Users and log-ins. */
export const takeAuditRecords: Handle = async (tx, events) => {
  await ensureTenant(tx);
  for (const event of byKey(events)) {
    const { data } = decodeEvent(topics.auditRecordChanged, event);
    const { account = '', auditId = '', version = 0, removed = false, kind } = data ?? {};
    if (kind?.case === 'user') {
      const { active, lastLoginAt } = kind.value;
      await saveUser(tx, {
        account,
        userId: auditId,
        version,
        active: active && !removed,
        person: isPerson(kind.value),
        lastLoginAt: dateOf(lastLoginAt),
      });
    } else if (kind?.case === 'login' && kind.value.succeeded && kind.value.at !== undefined) {
      await saveLogin(tx, { account, userId: kind.value.userId, at: timestampDate(kind.value.at) });
    }
  }
};

const accountStatuses: Readonly<Record<ConnectionStatus, AccountStatus>> = {
  [ConnectionStatus.UNSPECIFIED]: 'unknown',
  [ConnectionStatus.BACKFILLING]: 'backfilling',
  [ConnectionStatus.CONNECTED]: 'connected',
  [ConnectionStatus.FAILING]: 'failing',
  [ConnectionStatus.PAUSED]: 'paused',
  [ConnectionStatus.DELETED]: 'deleted',
};

/** Which accounts there are, and whether their first reading is complete. */
export const takeConnections: Handle = async (tx, events) => {
  await ensureTenant(tx);
  for (const event of byKey(events)) {
    const { data, time } = decodeEvent(topics.connectionChanged, event);
    if (data === null) continue;
    const { account, version, objects } = data;
    await saveAccount(tx, {
      account,
      version,
      status: accountStatuses[data.status] ?? 'unknown',
      objects,
      changedAt: time,
    });
  }
};

export const takeCompleteness: Handle = async (tx, events) => {
  await ensureTenant(tx);
  for (const event of byKey(events)) {
    const { data } = decodeEvent(topics.completenessMeasured, event);
    if (data?.measuredAt === undefined) continue;
    await saveCompleteness(tx, {
      account: data.account,
      object: data.object,
      sequence: data.sequence,
      crmRecords: Number(data.crmRecords),
      mirrorRecords: Number(data.mirrorRecords),
      measuredAt: timestampDate(data.measuredAt),
    });
  }
};

export const takeProposals: Handle = async (tx, events) => {
  await ensureTenant(tx);
  for (const event of byKey(events)) {
    const { data, time } = decodeEvent(topics.mergeProposed, event);
    if (data === null) continue;
    const { proposalId, version, state } = data;
    await saveProposal(tx, { proposalId, version, open: state === ProposalState.OPEN, at: time });
  }
};

export const takeDecisions: Handle = async (tx, events) => {
  await ensureTenant(tx);
  for (const event of byKey(events)) {
    const { data, time } = decodeEvent(topics.matchDecided, event);
    if (data === null) continue;
    const { decisionId, version, revoked } = data;
    await saveDecision(tx, { decisionId, version, revoked, at: dateOf(data.decidedAt) ?? time });
  }
};
