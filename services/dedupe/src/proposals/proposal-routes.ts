import type { Database, Transaction } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { explainPair } from '../clusters/pair-explanation.ts';
import { unknownProposal } from '../errors.ts';
import { entityKinds } from '../matching/entity-kind.ts';
import { loadRecords } from '../matching/match-record-store.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import type { GateKeeper } from './gate-keeper.ts';
import { type GateLimits, gateConfidence } from './proposal-gate.ts';
import { countAutomatic } from './proposal-gate-store.ts';
import { GateSchema, ProposalPageSchema, ProposalSchema, ProposalStateSchema } from './proposal-schemas.ts';
import { listProposals, loadProposal, type StoredProposal } from './proposal-store.ts';
import { loadVendorRecords } from './vendor-record-store.ts';
import { plainOf, saysTheSame, type VendorRecord, type VendorValue } from './vendor-value.ts';

export interface ProposalRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly models: DecidingModels;
  readonly cursors: CursorCodec;
  readonly gate: Pick<GateKeeper, 'judge'>;
  readonly gateLimits: GateLimits;
}

/** Which records should become one, what the survivor would look like, and why. */
export function registerProposalRoutes(options: ProposalRoutesOptions): void {
  const { http, database, models, cursors, gate, gateLimits } = options;
  http.get(
    '/v1/proposals',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'List merge proposals',
        description:
          'Records of one object of one account that should become one. Ask for state held to see what guards hold back.',
        querystring: Type.Object({
          state: Type.Optional(ProposalStateSchema),
          account: Type.Optional(Type.String()),
          object: Type.Optional(Type.String()),
          minProbability: Type.Number({ default: 0, minimum: 0, maximum: 1 }),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: ProposalPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { state, account, object, minProbability, cursor, limit } = request.query;
      const list = { list: 'proposals', tenantId, state, account, object, minProbability };
      const after = cursor === undefined ? '' : String(cursors.decode(list, cursor)[0]);
      return database.transaction(
        tenantId,
        async (tx) => {
          const found = await listProposals(
            tx,
            { state, account, object, minProbability },
            { after, limit: limit + 1 },
          );
          const page = found.slice(0, limit);
          const last = page.at(-1);
          return {
            items: page.map(summaryOf),
            ...(found.length > limit && last !== undefined
              ? { nextCursor: cursors.encode(list, [last.proposalId]) }
              : {}),
          };
        },
        { readOnly: true },
      );
    },
  );

  http.get(
    '/v1/proposals/gate',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'Show where the gate of automatic merges stands',
        description:
          'Nothing is proposed as automatic before the lower confidence bound of the precision, estimated from verdicts on single pairs as probable as automatic merges, reaches the target.',
        response: { 200: GateSchema },
      },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => {
          const items = [];
          for (const entityKind of entityKinds) {
            items.push({
              entityKind,
              ...(await gate.judge(tx, entityKind)),
              ...gateLimits,
              method: 'clopper-pearson' as const,
              confidence: gateConfidence,
              automaticProposals: await countAutomatic(tx, entityKind),
            });
          }
          return { items };
        },
        { readOnly: true },
      ),
  );

  http.get(
    '/v1/proposals/:id',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'Show a merge proposal',
        description: 'The records side by side, where each field of the survivor comes from, and why they match.',
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 200: ProposalSchema },
      },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => {
          const proposal = await loadProposal(tx, request.params.id);
          if (proposal === undefined) throw unknownProposal(request.params.id);
          const members = await vendorRecordsOf(tx, proposal);
          return {
            ...summaryOf(proposal),
            members: members.map((member) => ({
              record: member.ref,
              role: member.ref === proposal.master ? ('master' as const) : ('loser' as const),
              modifiedAt: new Date(member.modifiedMs).toISOString(),
              fields: Object.fromEntries(Object.entries(member.fields).map(([name, value]) => [name, plainOf(value)])),
            })),
            fields: sideBySide(proposal, members),
            explanations: await explanations(tx, proposal),
          };
        },
        { readOnly: true },
      ),
  );

  async function explanations(tx: Transaction, proposal: StoredProposal) {
    const { matcher } = await models.get(tx, proposal.entityKind, proposal.modelVersion);
    const records = await loadRecords(tx, [proposal.master, ...proposal.losers]);
    const normals = new Map(records.map((record) => [record.ref, matcher.normalise(inputRecord(record))]));
    const master = normals.get(proposal.master);
    if (master === undefined) return [];
    return proposal.losers.flatMap((loser) => {
      const normal = normals.get(loser);
      if (normal === undefined) return [];
      return [explainPair(matcher, { ref: proposal.master, normal: master }, { ref: loser, normal })];
    });
  }
}

function summaryOf(proposal: StoredProposal) {
  const { guard, hindrance, choices, losers, ...rest } = proposal;
  return {
    ...rest,
    losers: [...losers],
    choices: choices.map((choice) => ({ ...choice, value: plainOf(choice.value) })),
    ...(guard === null ? {} : { guard }),
    automatic: proposal.state === 'open' && hindrance === null,
    ...(proposal.state !== 'open' || hindrance === null ? {} : { hindrance }),
  };
}

/** The records that are still there, the master first. */
async function vendorRecordsOf(tx: Transaction, proposal: StoredProposal): Promise<VendorRecord[]> {
  const records = await loadVendorRecords(tx, [proposal.master, ...proposal.losers]);
  return records.toSorted(
    (left, right) => Number(right.ref === proposal.master) - Number(left.ref === proposal.master),
  );
}

function sideBySide(proposal: StoredProposal, members: readonly VendorRecord[]) {
  const choiceOf = new Map(proposal.choices.map((choice) => [choice.field, choice]));
  const names = new Set([...members.flatMap((member) => Object.keys(member.fields)), ...choiceOf.keys()]);
  const master = members.find((member) => member.ref === proposal.master);
  return [...names].toSorted().map((field) => {
    const values = members.map((member) => member.fields[field]);
    const filled = values.filter((value): value is VendorValue => value !== undefined);
    const choice = choiceOf.get(field);
    const kept = master?.fields[field];
    const survivor = choice === undefined ? kept : choice.value;
    return {
      field,
      values: values.map((value) => (value === undefined ? null : plainOf(value))),
      survivor: survivor === undefined ? null : plainOf(survivor),
      from: choice?.from ?? (kept === undefined ? null : proposal.master),
      policy: choice?.policy ?? 'master',
      differs: filled.some((value) => !saysTheSame(value, filled[0])),
    };
  });
}
