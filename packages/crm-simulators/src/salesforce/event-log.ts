import type { SimulatorClock } from '../clock.ts';
import type { FieldValue, SalesforceRecord } from './object-definition.ts';
import { formatRecordId, recordSerial } from './record-id.ts';
import type { SeededUsage } from './salesforce-load.ts';
import type { SalesforceStore } from './salesforce-store.ts';

/** A call of the API by a client of the simulator. */
export interface CountedCall {
  readonly userId: string;
  readonly application: string;
  readonly method: string;
  readonly resource: string;
}

/** The event log: one file a day with every call of the API, for as long as an org without the add-on keeps it. */
export interface EventLog {
  count(call: CountedCall): void;
  /** Brings the list of files up to the present day. */
  refresh(): void;
  /** The body of a file, or undefined when there is none with this id. */
  body(id: string): string | undefined;
}

const dayMs = 86_400_000;
/** Files of so many days are kept. */
const keptDays = 1;

const columns = [
  'EVENT_TYPE',
  'TIMESTAMP',
  'REQUEST_ID',
  'ORGANIZATION_ID',
  'USER_ID',
  'API_FAMILY',
  'API_VERSION',
  'API_RESOURCE',
  'CLIENT_NAME',
  'HTTP_METHOD',
  'CLIENT_IP',
  'COUNTS_AGAINST_API_LIMIT',
  'CONNECTED_APP_ID',
  'ENTITY_NAME',
  'STATUS_CODE',
  'TIMESTAMP_DERIVED',
  'CONNECTED_APP_NAME',
] as const;

type Row = Readonly<Record<(typeof columns)[number], string>>;

const quoted = (values: readonly string[]): string =>
  values.map((value) => `"${value.replaceAll('"', '""')}"`).join(',');

export function createEventLog(options: {
  readonly store: SalesforceStore;
  readonly clock: SimulatorClock;
  readonly seeded: readonly SeededUsage[];
  readonly orgId: string;
  readonly userId: string;
}): EventLog {
  const { store, clock, seeded, orgId } = options;
  const dayOf = (ms: number) => Math.floor(ms / dayMs);
  /** Calls of clients of the simulator by day, and within a day by what they have in common. */
  const counted = new Map<number, Map<string, { call: CountedCall; count: number }>>();
  const object = [...store.allObjects()].find((each) => each.name === 'EventLogFile');

  const row = (day: number, place: number, of: number, call: Omit<CountedCall, 'userId'> & SeededUsage): Row => {
    const at = new Date(day * dayMs + Math.floor((place * dayMs) / of));
    return {
      EVENT_TYPE: 'ApiTotalUsage',
      TIMESTAMP: at.toISOString().replace(/[-:TZ]/g, ''),
      REQUEST_ID: `${day}-${call.clientName.slice(0, 3)}-${place}`,
      ORGANIZATION_ID: orgId.slice(0, 15),
      USER_ID: call.userId.slice(0, 15),
      API_FAMILY: 'REST',
      API_VERSION: '62.0',
      API_RESOURCE: call.resource,
      CLIENT_NAME: call.clientName,
      HTTP_METHOD: call.method,
      CLIENT_IP: '203.0.113.9',
      COUNTS_AGAINST_API_LIMIT: '1',
      CONNECTED_APP_ID: call.appId?.slice(0, 15) ?? '',
      ENTITY_NAME: '',
      STATUS_CODE: '200',
      TIMESTAMP_DERIVED: at.toISOString(),
      CONNECTED_APP_NAME: call.appName ?? '',
    };
  };
  const rowsOf = (day: number): Row[] => {
    const rows = seeded.flatMap((usage) =>
      Array.from({ length: usage.callsPerDay }, (_, place) =>
        row(day, place, usage.callsPerDay, {
          ...usage,
          application: usage.clientName,
          method: 'GET',
          resource: '/v62.0/query',
        }),
      ),
    );
    for (const { call, count } of counted.get(day)?.values() ?? []) {
      const usage = { clientName: call.application, appId: null, appName: call.application, callsPerDay: count };
      rows.push(...Array.from({ length: count }, (_, place) => row(day, place, count, { ...usage, ...call })));
    }
    return rows.sort((left, right) => (left.TIMESTAMP < right.TIMESTAMP ? -1 : 1));
  };
  const csv = (day: number): string =>
    [quoted(columns), ...rowsOf(day).map((each) => quoted(columns.map((name) => each[name])))].join('\n');

  return {
    count(call) {
      const day = dayOf(clock.now());
      let calls = counted.get(day);
      if (calls === undefined) {
        calls = new Map();
        counted.set(day, calls);
        for (const old of counted.keys()) if (old < day - keptDays) counted.delete(old);
      }
      const key = `${call.application} ${call.userId} ${call.method} ${call.resource}`;
      const entry = calls.get(key);
      if (entry === undefined) calls.set(key, { call, count: 1 });
      else entry.count += 1;
    },
    refresh() {
      if (object === undefined) return;
      const table = store.table(object);
      const today = dayOf(clock.now());
      const outdated = table
        .inIdOrder()
        .filter(({ id }) => recordSerial(id) < today - keptDays || recordSerial(id) >= today);
      for (const record of outdated) table.remove(record);
      for (let day = today - keptDays; day < today; day++) {
        const id = formatRecordId(object.keyPrefix, day);
        if (table.get(id) !== undefined) continue;
        const createdAt = (day + 1) * dayMs;
        const record: SalesforceRecord = {
          id,
          modifiedAt: createdAt,
          values: new Array<FieldValue>(object.slotCount).fill(null),
        };
        const values: Readonly<Record<string, FieldValue>> = {
          EventType: 'ApiTotalUsage',
          LogDate: day * dayMs,
          Interval: 'Daily',
          Sequence: 0,
          LogFileLength: Buffer.byteLength(csv(day)),
          LogFileContentType: 'text/csv',
          LogFileFieldNames: quoted(columns),
          LogFileFieldTypes: quoted(columns.map(() => 'String')),
          ApiVersion: '62.0',
          CreatedDate: createdAt,
          CreatedById: options.userId,
          LastModifiedDate: createdAt,
          LastModifiedById: options.userId,
        };
        for (const [name, value] of Object.entries(values)) store.set(object, record, name, value);
        table.insert(record);
      }
    },
    body(id) {
      const known = object === undefined ? undefined : store.table(object).get(id);
      return known === undefined ? undefined : csv(recordSerial(known.id));
    },
  };
}
