import { decodeEvent, type PositionedRecord, parseRecordKey, toPlainValue, topics } from '@kempt/contracts';
import { countryCode } from '../cleanup/country-code.ts';
import { type Standardisation, standardised } from '../cleanup/standardisation.ts';
import type { ObjectRef } from '../profiles/profile-store.ts';
import { canonicalValues } from '../rules/record-facts.ts';
import type { RecordReading } from './record-assessor.ts';

/** Readings by object, in an order that is the same for everybody, so that no two transactions wait for each other. */
export function readingsByObject(
  events: readonly PositionedRecord[],
  standards: readonly Standardisation[],
): readonly (readonly [ObjectRef, readonly RecordReading[]])[] {
  const objects = new Map<string, readonly [ObjectRef, RecordReading[]]>();
  for (const event of events) {
    const { ref } = parseRecordKey(event.key);
    const object = { account: ref.account, object: ref.object };
    const reading = readingOf(event, object, standards);
    if (reading === undefined) continue;
    const place = `${ref.account}:${ref.object}`;
    const ofObject = objects.get(place) ?? ([object, []] as const);
    ofObject[1].push({ ...reading, recordId: ref.recordId });
    objects.set(place, ofObject);
  }
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ofObject]) => ofObject);
}

/** Undefined for records that no rule speaks of, such as activities. */
function readingOf(
  record: PositionedRecord,
  { account, object }: ObjectRef,
  standards: readonly Standardisation[],
): Omit<RecordReading, 'recordId'> | undefined {
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
