import {
  clusterKey,
  type EventRecord,
  encodeEvent,
  type KemptEvent,
  ProposalState as ProposalStateMessage,
  parseRecordRef,
  type RecordRef,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import { entityKindMessage } from '../matching/entity-kind.ts';
import type { StoredProposal } from './proposal-store.ts';
import { valueMessage } from './vendor-value.ts';

/** `merge-proposed` events, ready for the outbox. */
export function createProposalEvents(wireFormat: WireFormat, now: () => Date) {
  return {
    mergeProposed(tenantId: string, proposal: StoredProposal): EventRecord {
      const time = now();
      const event: KemptEvent<typeof topics.mergeProposed.message> = {
        topic: topics.mergeProposed,
        id: newEventId(),
        tenantId,
        source: '/kempt/dedupe',
        subject: `proposal/${proposal.proposalId}`,
        key: clusterKey(tenantId, proposal.goldenId),
        time,
        recordedTime: time,
        sequence: proposal.version,
        data: {
          $typeName: 'kempt.dedupe.v1.MergeProposed',
          proposalId: proposal.proposalId,
          version: proposal.version,
          state: proposal.state === 'open' ? ProposalStateMessage.OPEN : ProposalStateMessage.WITHDRAWN,
          entityKind: entityKindMessage(proposal.entityKind),
          goldenId: proposal.goldenId,
          master: refMessage(proposal.master),
          losers: proposal.losers.map(refMessage),
          // A withdrawn proposal has nothing to choose.
          choices: (proposal.state === 'open' ? proposal.choices : []).map((choice) => ({
            $typeName: 'kempt.dedupe.v1.FieldChoice',
            field: choice.field,
            value: valueMessage(choice.value),
            from: refMessage(choice.from),
            policy: choice.policy,
          })),
          probability: proposal.probability,
          modelVersion: proposal.modelVersion,
          reason: proposal.reason,
          automatic: proposal.state === 'open' && proposal.hindrance === null,
        },
      };
      return encodeEvent(event, wireFormat);
    },
  };
}

export type ProposalEvents = ReturnType<typeof createProposalEvents>;

function refMessage(ref: string): RecordRef {
  return { $typeName: 'kempt.types.v1.RecordRef', ...parseRecordRef(ref) };
}
