import { decodeEvent, type PositionedRecord, parseRecordKey, toPlainValue, topics } from '@kempt/contracts';
import { countryCode } from '../cleanup/country-code.ts';
import { type Standardisation, standardised } from '../cleanup/standardisation.ts';
import type { ObjectRef } from '../profiles/profile-store.ts';
import { canonicalValues } from '../rules/record-facts.ts';
import type { RecordReading } from './record-assessor.ts';

/** Readings of the records that rules may speak of, in the order of the events. */
export function recordReadings(
  events: readonly PositionedRecord[],
  standards: readonly Standardisation[],
): readonly RecordReading[] {
  return events.flatMap((event) => {
    const { ref } = parseRecordKey(event.key);
    const reading = readingOf(event, ref, standards);
    return reading === undefined ? [] : { ...ref, ...reading };
  });
}

/** Undefined for records that no rule speaks of, such as activities. */
function readingOf(
  record: PositionedRecord,
  { account, object }: ObjectRef,
  standards: readonly Standardisation[],
): Omit<RecordReading, 'account' | 'object' | 'recordId'> | undefined {
  const event = decodeEvent(topics.recordState, record);
  const gone = { version: event.sequence, ownerId: '', modifiedAt: event.time, facts: null };
  if (event.data === null) return gone;
  const canonical = canonicalValues(event.data.canonical);
  // What a deleted record still shows may lack the canonical part, and so tell nothing of its kind.
  if (event.data.deleted || event.data.mergedInto !== undefined) return gone;
  if (canonical === undefined) return undefined;
  const { entity, values } = canonical;
  const country = countryCode(typeof values['address.country'] === 'string' ? values['address.country'] : undefined);
  const fields = Object.fromEntries(
    Object.entries(event.data.fields).map(([name, value]) => [name, toPlainValue(value)]),
  );
  return {
    version: event.sequence,
    ownerId: typeof values['ownerId'] === 'string' ? values['ownerId'] : '',
    modifiedAt: event.time,
    facts: {
      entity,
      values,
      standards: Object.fromEntries(
        standards.flatMap((standard) => {
          const found = standardised(standard, { account, object, fields, country });
          return found.values === 0 ? [] : [[standard.id, found]];
        }),
      ),
    },
  };
}
