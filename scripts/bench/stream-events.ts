import { randomUUID } from 'node:crypto';
import {
  ConnectionStatus,
  create,
  type EventRecord,
  encodeEvent,
  fromPlainValue,
  RecordStateSchema,
  recordKey,
  SyncRunKind,
  SyncRunOutcome,
  timestampFromDate,
  topics,
} from '@kempt/contracts';
import type { StreamPerson } from './stream-population.ts';

export const tenantId = 'default';
const account = 'sf:00D000000000001AAA';
const object = 'Contact';
const wireFormat = { name: 'protobuf' } as const;

export function refOf(index: number): string {
  return `${account}:${object}:${recordIdOf(index)}`;
}

function recordIdOf(index: number): string {
  return `003${String(index).padStart(12, '0')}AAA`;
}

/** A record as the connector tells of it; `touch` is in a field that nobody compares. */
export function stateEvent(
  index: number,
  state: { readonly version: number; readonly person: StreamPerson; readonly touch: number; readonly tenant?: string },
): EventRecord & { readonly id: string } {
  const { person, version, tenant = tenantId } = state;
  const record = { account, object, recordId: recordIdOf(index) };
  const time = new Date(Date.UTC(2026, 0, 1) + version * 1_000);
  const vendor = {
    FirstName: person.givenName,
    LastName: person.familyName,
    Email: person.email,
    Phone: person.phone,
    MailingStreet: person.street,
    MailingCity: person.city,
    MailingState: person.region,
    MailingPostalCode: person.postalCode,
    MailingCountry: person.country,
    Title: `Head of department ${state.touch}`,
    LeadSource: 'Web',
    Description: `Met at the fair, stand ${index % 400}. Interested in an offer for the coming year.`,
    LastActivityDate: '2026-01-01',
    HasOptedOutOfEmail: false,
  };
  const id = randomUUID();
  const event = encodeEvent(
    {
      topic: topics.recordState,
      id,
      tenantId: tenant,
      source: '/kempt/connector',
      subject: `salesforce/${object}/${record.recordId}`,
      key: recordKey(tenant, record),
      time,
      recordedTime: time,
      sequence: version,
      data: create(RecordStateSchema, {
        record,
        version,
        modifiedAt: timestampFromDate(time),
        contentHash: `${index}-${version}`,
        fields: Object.fromEntries(Object.entries(vendor).map(([name, value]) => [name, fromPlainValue(value)])),
        canonical: {
          kind: {
            case: 'person',
            value: {
              givenName: person.givenName,
              familyName: person.familyName,
              fullName: `${person.givenName} ${person.familyName}`,
              emails: person.email === '' ? [] : [person.email],
              phones: person.phone === '' ? [] : [person.phone],
              address: {
                street: person.street,
                city: person.city,
                region: person.region,
                postalCode: person.postalCode,
                country: person.country,
              },
              organisationName: person.organisation,
            },
          },
        },
      }),
    },
    wireFormat,
  );
  return { ...event, id };
}

/** What the connector says of an account whose first backfill has read everything. */
export function backfillEvents(records: number, tenant = tenantId): readonly EventRecord[] {
  const time = new Date();
  const about = { tenantId: tenant, source: '/kempt/connector', time, recordedTime: time, sequence: 1 };
  return [
    encodeEvent(
      {
        ...about,
        topic: topics.connectionChanged,
        id: randomUUID(),
        subject: account,
        key: `${tenant}:bench`,
        data: {
          $typeName: 'kempt.connector.v1.ConnectionChanged',
          connectionId: 'bench',
          account,
          system: 'salesforce',
          displayName: 'Bench',
          status: ConnectionStatus.CONNECTED,
          objects: [object],
          version: 1,
          reason: '',
        },
      },
      wireFormat,
    ),
    encodeEvent(
      {
        ...about,
        topic: topics.syncRunFinished,
        id: randomUUID(),
        subject: `${account}/${object}`,
        key: `${tenant}:${account}:${object}`,
        data: {
          $typeName: 'kempt.connector.v1.SyncRunFinished',
          account,
          object,
          kind: SyncRunKind.BACKFILL,
          outcome: SyncRunOutcome.SUCCEEDED,
          sequence: 1,
          recordsRead: BigInt(records),
          recordsChanged: BigInt(records),
          recordsSkipped: 0n,
          recordsKnown: BigInt(records),
          reason: '',
        },
      },
      wireFormat,
    ),
  ];
}
