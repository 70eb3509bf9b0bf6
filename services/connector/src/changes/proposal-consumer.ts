import {
  decodeEvent,
  type FieldChoice,
  FixState,
  type PositionedRecord,
  ProposalState,
  type RecordRef,
  type RecordRefFields,
  toPlainValue,
  topics,
  type Value,
} from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import { v5 as uuidv5 } from 'uuid';
import type { FieldChanges } from '../crm/crm-writer.ts';
import type { FieldValue } from '../schema/field-value.ts';
import type { ChangeSet } from './change-set.ts';
import type { ChangeSetStates } from './change-set-states.ts';
import { lockNewestOf } from './change-set-store.ts';
import type { Operation } from './operation.ts';
import { shapeProblems } from './operation-check.ts';
import { hashOf } from './value-hash.ts';

/** A proposal of another service, whatever it is about. */
interface Proposal {
  readonly id: string;
  readonly version: number;
  readonly isOpen: boolean;
  readonly title: string;
  readonly reason: string;
  readonly operations: readonly Operation[];
}

/** A proposal that no change set can be made of. It becomes a dead letter. */
export class UnusableProposalError extends Error {
  readonly code = 'unusable-proposal';
  readonly retriable = false;

  constructor(proposal: string, why: string) {
    super(`The proposal ${proposal} cannot become a change set: ${why}`);
    this.name = 'UnusableProposalError';
  }
}

const draftNamespace = 'b9f6a2f4-3f64-5b0a-9d0f-6f1d5f3f9c11';

/** The id of the draft that a version of a proposal makes: the same however often the message comes. */
const draftIdOf = (tenantId: string, proposal: Proposal): string =>
  uuidv5(`${tenantId}:${proposal.id}:${proposal.version}`, draftNamespace);

/**
 * Makes drafts of proposals, and nothing more: a message reads no CRM, plans nothing, approves nothing, writes nothing.
 * What it asks for is checked against the CRM when somebody plans the draft.
 */
export function createProposalConsumers(states: ChangeSetStates): { readonly merges: Handle; readonly fixes: Handle } {
  async function take(tx: Transaction, proposal: Proposal): Promise<void> {
    const requestedBy = `proposal:${proposal.id}`;
    const newest = await lockNewestOf(tx, requestedBy);
    if (!proposal.isOpen) {
      if (newest === undefined || !isUndecided(newest)) return;
      const reason = proposal.reason === '' ? 'The proposal was withdrawn.' : proposal.reason;
      await states.enter(tx, newest.id, { state: 'cancelled', task: null, cancelledBy: requestedBy, reason });
      return;
    }
    const [problem] = shapeProblems(proposal.operations);
    if (problem !== undefined) throw new UnusableProposalError(proposal.id, problem.detail);
    const isSame = newest?.operationsHash === hashOf(proposal.operations);
    if (newest !== undefined && isUndecided(newest)) {
      if (!isSame) await states.replace(tx, newest.id, proposal.operations);
      return;
    }
    // What somebody agreed to goes its way. What somebody turned down or took back is not brought up again as it was.
    if (newest !== undefined && (!isOver(newest) || (isSame && newest.cancelledBy !== requestedBy))) return;
    await states.create(tx, {
      id: draftIdOf(tx.tenantId ?? '', proposal),
      title: proposal.title,
      purpose: proposal.reason,
      requestedBy,
      operations: proposal.operations,
    });
  }

  return {
    async merges(tx, events) {
      for (const event of events) await take(tx, mergeProposal(event));
    },
    async fixes(tx, events) {
      for (const event of events) await take(tx, fixProposal(event));
    },
  };
}

const isUndecided = ({ state }: ChangeSet): boolean => state === 'draft' || state === 'planned';
const isOver = ({ state }: ChangeSet): boolean => state === 'cancelled' || state === 'undone' || state === 'failed';

function refOf(ref: RecordRef | undefined, proposal: string): RecordRefFields {
  if (ref === undefined || ref.account === '' || ref.object === '' || ref.recordId === '') {
    throw new UnusableProposalError(proposal, 'a record is missing.');
  }
  return { account: ref.account, object: ref.object, recordId: ref.recordId };
}

/** A value of a message as fields hold it. Bytes are no value of a field. */
function fieldValue(value: Value | undefined, proposal: string): FieldValue | null {
  const plain = value === undefined ? null : toPlainValue(value);
  return converted(plain, proposal);
}

function converted(plain: ReturnType<typeof toPlainValue>, proposal: string): FieldValue | null {
  if (plain === null || typeof plain === 'string' || typeof plain === 'boolean') return plain;
  if (plain instanceof Date) return { timestamp: plain.toISOString() };
  if (plain instanceof Uint8Array) throw new UnusableProposalError(proposal, 'a value is made of bytes.');
  if ('decimal' in plain) return { decimal: plain.decimal };
  return plain.flatMap((item) => converted(item, proposal) ?? []);
}

const changesOf = (
  fields: readonly { readonly field: string; readonly value?: Value | undefined }[],
  proposal: string,
): FieldChanges =>
  Object.fromEntries(
    fields
      .map(({ field, value }) => [field, fieldValue(value, proposal)] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );

function mergeProposal(event: PositionedRecord): Proposal {
  const { data } = decodeEvent(topics.mergeProposed, event);
  if (data === null || data.proposalId === '') throw new UnusableProposalError(event.key, 'it says nothing.');
  const { proposalId: id, version } = data;
  if (data.state !== ProposalState.OPEN) {
    return { id, version, isOpen: false, title: '', reason: data.reason, operations: [] };
  }
  const master = refOf(data.master, id);
  const losers = data.losers.map((loser) => refOf(loser, id));
  if (losers.length === 0) throw new UnusableProposalError(id, 'it names no record to merge away.');
  const fields = changesOf(data.choices as readonly FieldChoice[], id);
  return {
    id,
    version,
    isOpen: true,
    title: `Merge ${losers.length + 1} records of ${master.object}`,
    reason: data.reason,
    operations: [{ kind: 'merge', master, losers, fields }],
  };
}

function fixProposal(event: PositionedRecord): Proposal {
  const { data } = decodeEvent(topics.fixProposed, event);
  if (data === null || data.proposalId === '') throw new UnusableProposalError(event.key, 'it says nothing.');
  const { proposalId: id, version } = data;
  if (data.state !== FixState.OPEN) {
    return { id, version, isOpen: false, title: '', reason: data.reason, operations: [] };
  }
  const byRecord = Map.groupBy(data.fixes, (fix) => {
    const ref = refOf(fix.record, id);
    return `${ref.account}:${ref.object}:${ref.recordId}`;
  });
  const operations = [...byRecord.values()].map((fixes): Operation => {
    const record = refOf(fixes[0]?.record, id);
    const fields = changesOf(
      fixes.map(({ field, after }) => ({ field, value: after })),
      id,
    );
    return { kind: 'update', record, fields };
  });
  if (operations.length === 0) throw new UnusableProposalError(id, 'it names no field to change.');
  return {
    id,
    version,
    isOpen: true,
    title: `${data.standardId}: ${operations.length} records of ${data.object}`,
    reason: data.reason,
    operations,
  };
}
