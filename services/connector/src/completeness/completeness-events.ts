import {
  CompletenessMeasuredSchema,
  create,
  type EventRecord,
  encodeEvent,
  objectKey,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { Completeness } from './completeness-store.ts';

/** `completeness-measured` of a measurement. */
export function completenessEvent(
  tenantId: string,
  measured: Completeness,
  options: { readonly wireFormat: WireFormat; readonly now: () => number },
): EventRecord {
  return encodeEvent(
    {
      topic: topics.completenessMeasured,
      id: uuidv7(),
      tenantId,
      source: '/kempt/connector',
      subject: `${measured.account}/${measured.object}`,
      key: objectKey(tenantId, measured.account, measured.object),
      time: measured.measuredAt,
      recordedTime: new Date(options.now()),
      sequence: measured.sequence,
      data: create(CompletenessMeasuredSchema, {
        account: measured.account,
        object: measured.object,
        sequence: measured.sequence,
        crmRecords: BigInt(measured.crmRecords),
        mirrorRecords: BigInt(measured.mirrorRecords),
        measuredAt: timestampFromDate(measured.measuredAt),
        runId: measured.runId,
      }),
    },
    options.wireFormat,
  );
}
