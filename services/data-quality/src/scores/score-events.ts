import {
  create,
  type EventRecord,
  encodeEvent,
  objectKey,
  ScoreMeasuredSchema,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import { dimensionMessages } from '../issues/issue-events.ts';
import type { ObjectRef } from '../profiles/profile-store.ts';
import type { MeasuredScore } from './score-store.ts';

export type ScoreEvents = (tenantId: string, object: ObjectRef, measured: MeasuredScore) => EventRecord;

/** Tells what an object scored. */
export function createScoreEvents(wireFormat: WireFormat): ScoreEvents {
  return (tenantId, { account, object }, measured) =>
    encodeEvent(
      {
        topic: topics.scoreMeasured,
        id: newEventId(),
        tenantId,
        source: '/kempt/data-quality',
        subject: `${account}/${object}`,
        key: objectKey(tenantId, account, object),
        time: measured.measuredAt,
        recordedTime: measured.measuredAt,
        sequence: measured.sequence,
        data: create(ScoreMeasuredSchema, {
          account,
          object,
          sequence: measured.sequence,
          score: measured.score,
          dimensions: measured.dimensions.map(({ dimension, checked, failed, ...rest }) => ({
            ...rest,
            dimension: dimensionMessages[dimension],
            checked: BigInt(checked),
            failed: BigInt(failed),
          })),
          records: BigInt(measured.records),
          openIssues: BigInt(measured.openIssues),
          measuredAt: timestampFromDate(measured.measuredAt),
        }),
      },
      wireFormat,
    );
}
