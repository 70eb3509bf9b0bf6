import {
  create,
  type EventRecord,
  encodeEvent,
  FixProposedSchema,
  FixState,
  fromPlainValue,
  idKey,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import type { FixProposal } from './fix-store.ts';

export type FixEvents = (tenantId: string, proposal: FixProposal) => EventRecord;

/** Tells of a proposal, and of its withdrawal. */
export function createFixEvents(wireFormat: WireFormat, now: () => Date): FixEvents {
  return (tenantId, proposal) => {
    const { proposalId, version, account, object } = proposal;
    return encodeEvent(
      {
        topic: topics.fixProposed,
        id: newEventId(),
        tenantId,
        source: '/kempt/data-quality',
        subject: proposalId,
        key: idKey(tenantId, proposalId),
        time: proposal.createdAt,
        recordedTime: now(),
        sequence: version,
        data: create(FixProposedSchema, {
          proposalId,
          version,
          state: proposal.open ? FixState.OPEN : FixState.WITHDRAWN,
          standardId: proposal.standardId,
          account,
          object,
          fixes: proposal.fixes.map(({ recordId, field, before, after }) => ({
            record: { account, object, recordId },
            field,
            before: fromPlainValue(before),
            after: fromPlainValue(after),
          })),
          requestedBy: proposal.requestedBy,
          reason: `${proposal.fixes.length} values of ${object} are written in the standard way ${proposal.standardId}`,
        }),
      },
      wireFormat,
    );
  };
}
