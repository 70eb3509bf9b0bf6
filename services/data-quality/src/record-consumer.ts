import { type PositionedRecord, parseRecordKey } from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import type { Standardisation } from './cleanup/standardisation.ts';
import type { RecordAssessor } from './issues/record-assessor.ts';
import { recordReadings } from './issues/record-reading.ts';
import type { ProfileConsumer } from './profiles/profile-consumer.ts';
import { lockObjects, type ObjectRef } from './profiles/profile-store.ts';

/**
 * Counts and judges every state of a record that comes. The counts of objects, which all instances share, come last: whoever changes them
 * keeps the others waiting until the transaction ends.
 */
export function createRecordConsumer(parts: {
  readonly profiles: ProfileConsumer;
  readonly assessor: RecordAssessor;
  readonly standards: readonly Standardisation[];
}): Handle {
  const { profiles, assessor, standards } = parts;
  return async (tx, events) => {
    const countProfiles = await profiles.take(tx, events);
    const countRules = await assessor.take(tx, recordReadings(events, standards));
    await lockObjects(tx, events.map(objectOf));
    await countProfiles();
    await countRules();
  };
}

function objectOf({ key }: PositionedRecord): ObjectRef {
  const { account, object } = parseRecordKey(key).ref;
  return { account, object };
}
