import { appendToOutbox } from '@kempt/outbox';
import type { Database, Transaction } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { findingIsNotAccepted, findingIsResolved, unknownFinding } from '../errors.ts';
import type { EvidenceRecorder } from '../evidence/evidence-recorder.ts';
import type { IntegrationAuditMetrics } from '../metrics.ts';
import type { Thresholds } from './audit-facts.ts';
import { auditRules } from './audit-rules.ts';
import { type Finding, findingStates, severities } from './finding.ts';
import type { FindingEvents } from './finding-events.ts';
import { findFinding, listFindings, lockFinding, saveFindings, severityOrder } from './finding-store.ts';

const FindingSchema = Type.Object(
  {
    findingId: Type.String({ format: 'uuid' }),
    version: Type.Integer({ description: 'Rises by one with every change' }),
    state: Type.Enum([...findingStates]),
    severity: Type.Enum([...severities]),
    ruleId: Type.String(),
    account: Type.String({ description: 'The CRM: sf:<org id> or hs:<portal id>' }),
    subjectKind: Type.Enum(['user', 'app', 'client', 'setup-change']),
    subjectId: Type.String({ description: 'Id in the CRM' }),
    subjectName: Type.String(),
    title: Type.String({ description: 'One sentence' }),
    evidence: Type.Record(Type.String(), Type.String(), { description: 'Facts that it rests on' }),
    remedy: Type.String({ description: 'What to do about it' }),
    openedAt: Type.String({ format: 'date-time' }),
    changedAt: Type.String({ format: 'date-time' }),
    acceptance: Type.Optional(
      Type.Object(
        { by: Type.String(), note: Type.String(), at: Type.String({ format: 'date-time' }) },
        { description: 'Who accepted the risk and why' },
      ),
    ),
  },
  { title: 'Finding' },
);

const FindingPageSchema = Type.Object(
  { items: Type.Array(FindingSchema), nextCursor: Type.Optional(Type.String()) },
  { title: 'FindingPage' },
);

const RuleListSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object({ ruleId: Type.String(), description: Type.String(), remedy: Type.String() }, { title: 'AuditRule' }),
    ),
  },
  { title: 'AuditRuleList' },
);

export interface FindingRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
  readonly thresholds: Thresholds;
  readonly events: FindingEvents;
  readonly record: EvidenceRecorder;
  readonly metrics: IntegrationAuditMetrics;
  readonly now: () => Date;
}

const params = Type.Object({ id: Type.String({ format: 'uuid' }) });

/** What somebody should act on, and what was decided about it. */
export function registerFindingRoutes(options: FindingRoutesOptions): void {
  const { http, database, cursors, thresholds, events, record, metrics, now } = options;

  /** Saves what a person decided, tells it and attests it. */
  async function decide(tx: Transaction, finding: Finding, attested: Readonly<Record<string, unknown>>): Promise<void> {
    await saveFindings(tx, [finding]);
    await appendToOutbox(tx, [events(tx.tenantId ?? '', finding)]);
    await record(tx, [
      {
        subjectKind: 'finding',
        subjectId: finding.findingId,
        subjectVersion: finding.version,
        occurredAt: finding.changedAt,
        attested: {
          state: finding.state,
          ruleId: finding.ruleId,
          severity: finding.severity,
          account: finding.account,
          subjectKind: finding.subjectKind,
          subjectId: finding.subjectId,
          title: finding.title,
          evidence: finding.evidence,
          ...attested,
        },
      },
    ]);
    metrics.findingChanges.inc({ rule: finding.ruleId, state: finding.state });
  }

  http.get(
    '/v1/findings',
    {
      config: { scope: 'audit:read' },
      schema: {
        summary: 'List findings',
        description: 'The worst first.',
        querystring: Type.Object({
          state: Type.Enum([...findingStates, 'all'], { default: 'open' }),
          severity: Type.Optional(Type.Enum([...severities])),
          ruleId: Type.Optional(Type.String()),
          account: Type.Optional(Type.String()),
          subjectId: Type.Optional(Type.String()),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 500 }),
        }),
        response: { 200: FindingPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { state, cursor, limit, ...filter } = request.query;
      const list = { list: 'findings', tenantId, state, ...filter };
      const [order, findingId] = cursor === undefined ? [] : cursors.decode(list, cursor);
      const found = await database.transaction(
        tenantId,
        (tx) =>
          listFindings(tx, {
            ...filter,
            state: state === 'all' ? undefined : state,
            after: order === undefined || findingId === undefined ? undefined : [Number(order), String(findingId)],
            limit: limit + 1,
          }),
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(present),
        ...(found.length > limit && last !== undefined
          ? { nextCursor: cursors.encode(list, [severityOrder[last.severity], last.findingId]) }
          : {}),
      };
    },
  );

  http.get(
    '/v1/findings/rules',
    {
      config: { scope: 'audit:read' },
      schema: {
        summary: 'List the rules of the audit',
        description: 'With the thresholds of this installation.',
        response: { 200: RuleListSchema },
      },
    },
    async () => ({
      items: auditRules.map(({ id, describe, remedy }) => ({ ruleId: id, description: describe(thresholds), remedy })),
    }),
  );

  http.get(
    '/v1/findings/:id',
    {
      config: { scope: 'audit:read' },
      schema: { summary: 'Show a finding', params, response: { 200: FindingSchema } },
    },
    async (request) => {
      const { id } = request.params;
      const found = await database.transaction(tenantOf(request), (tx) => findFinding(tx, id), { readOnly: true });
      if (found === undefined) throw unknownFinding(id);
      return present(found);
    },
  );

  http.post(
    '/v1/findings/:id/accept',
    {
      config: { scope: 'audit:write' },
      schema: {
        summary: 'Accept the risk of a finding',
        description: 'With a reason, which becomes part of the evidence chain. It opens again when it gets worse.',
        params,
        body: Type.Object({ note: Type.String({ minLength: 1, maxLength: 1_000 }) }, { additionalProperties: false }),
        response: { 200: FindingSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { note } = request.body;
      const by = request.principal?.subject ?? 'unknown';
      const accepted = await database.transaction(tenantOf(request), async (tx) => {
        const finding = await lockFinding(tx, id);
        if (finding === undefined) throw unknownFinding(id);
        if (finding.state === 'resolved') throw findingIsResolved(id);
        const { severity, grade, version } = finding;
        const at = now();
        const acceptance = { by, note, at, severity, grade };
        const next: Finding = { ...finding, version: version + 1, state: 'accepted', changedAt: at, acceptance };
        await decide(tx, next, { acceptedBy: by, note });
        return next;
      });
      return present(accepted);
    },
  );

  http.post(
    '/v1/findings/:id/reopen',
    {
      config: { scope: 'audit:write' },
      schema: { summary: 'Take back that a finding was accepted', params, response: { 200: FindingSchema } },
    },
    async (request) => {
      const { id } = request.params;
      const opened = await database.transaction(tenantOf(request), async (tx) => {
        const finding = await lockFinding(tx, id);
        if (finding === undefined) throw unknownFinding(id);
        if (finding.state !== 'accepted') throw findingIsNotAccepted(id);
        const next: Finding = {
          ...finding,
          version: finding.version + 1,
          state: 'open',
          changedAt: now(),
          acceptance: null,
        };
        await decide(tx, next, { reopenedBy: request.principal?.subject ?? 'unknown' });
        return next;
      });
      return present(opened);
    },
  );
}

function present(finding: Finding): Static<typeof FindingSchema> {
  const { grade: _grade, acceptance, evidence, openedAt, changedAt, ...rest } = finding;
  return {
    ...rest,
    evidence: { ...evidence },
    openedAt: openedAt.toISOString(),
    changedAt: changedAt.toISOString(),
    ...(acceptance === null
      ? {}
      : { acceptance: { by: acceptance.by, note: acceptance.note, at: acceptance.at.toISOString() } }),
  };
}
