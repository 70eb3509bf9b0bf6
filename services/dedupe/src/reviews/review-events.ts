import {
  type EventRecord,
  encodeEvent,
  idKey,
  type KemptEvent,
  parseRecordRef,
  timestampFromDate,
  topics,
  Verdict as VerdictMessage,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import type { Review, Verdict } from './review-store.ts';

const verdictMessages: Readonly<Record<Verdict, VerdictMessage>> = {
  same: VerdictMessage.SAME,
  different: VerdictMessage.DIFFERENT,
  unsure: VerdictMessage.UNSURE,
};

/** `match-decided` events, ready for the outbox. */
export function createReviewEvents(wireFormat: WireFormat, now: () => Date) {
  return {
    matchDecided(tenantId: string, review: Review): EventRecord {
      const event: KemptEvent<typeof topics.matchDecided.message> = {
        topic: topics.matchDecided,
        id: newEventId(),
        tenantId,
        source: '/kempt/dedupe',
        subject: `review/${review.decisionId}`,
        key: idKey(tenantId, review.decisionId),
        time: review.decidedAt,
        recordedTime: now(),
        sequence: review.version,
        data: {
          $typeName: 'kempt.dedupe.v1.MatchDecided',
          decisionId: review.decisionId,
          version: review.version,
          left: { $typeName: 'kempt.types.v1.RecordRef', ...parseRecordRef(review.left) },
          right: { $typeName: 'kempt.types.v1.RecordRef', ...parseRecordRef(review.right) },
          verdict: verdictMessages[review.verdict],
          note: review.note,
          decidedBy: review.decidedBy,
          decidedAt: timestampFromDate(review.decidedAt),
          revoked: review.revoked,
        },
      };
      return encodeEvent(event, wireFormat);
    },
  };
}

export type ReviewEvents = ReturnType<typeof createReviewEvents>;
