import {
  ChangeKind,
  ChangeOrigin,
  ChangeSetState,
  ConnectionStatus,
  create,
  type DescMessage,
  type EventRecord,
  encodeEvent,
  fromPlainValue,
  type MessageShape,
  ProbeOutcome,
  type Topic,
  topics,
} from '@kempt/contracts';
import { v7 as uuidv7 } from 'uuid';

/** Events as the services publish them. For tests. */
function eventOf<Desc extends DescMessage>(
  topic: Topic<Desc>,
  about: { readonly tenantId?: string; readonly key: string; readonly sequence: number; readonly recordedTime?: Date },
  data: MessageShape<Desc>,
): EventRecord {
  const { tenantId = 'acme', key, sequence, recordedTime = new Date() } = about;
  return encodeEvent(
    {
      topic,
      id: uuidv7(),
      tenantId,
      source: `/kempt/${topic.owner}`,
      subject: key,
      key: `${tenantId}:${key}`,
      time: recordedTime,
      recordedTime,
      sequence,
      data,
    },
    { name: 'protobuf' },
  );
}

export function recordEvent(change: {
  readonly recordId: string;
  readonly phone?: string;
  readonly origin?: 'backfill' | 'incremental';
}): EventRecord {
  const { recordId, phone = '1', origin = 'incremental' } = change;
  return eventOf(
    topics.recordChanged,
    { key: `sf:00D1:Contact:${recordId}`, sequence: 2 },
    create(topics.recordChanged.message, {
      record: { account: 'sf:00D1', object: 'Contact', recordId },
      version: 2,
      kind: ChangeKind.UPDATED,
      origin: origin === 'backfill' ? ChangeOrigin.BACKFILL : ChangeOrigin.INCREMENTAL,
      fields: { Phone: fromPlainValue(phone) },
      changedFields: ['Phone'],
    }),
  );
}

export function changeSetEvent(change: {
  readonly id: string;
  readonly state: keyof typeof ChangeSetState;
  readonly tenantId?: string;
  readonly version?: number;
  readonly recordedTime?: Date;
  readonly title?: string;
}): EventRecord {
  const { id, state, version = 1, title = 'Two contacts become one', ...about } = change;
  return eventOf(
    topics.changeSetChanged,
    { ...about, key: id, sequence: version },
    create(topics.changeSetChanged.message, {
      changeSetId: id,
      version,
      state: ChangeSetState[state],
      title,
      accounts: ['sf:00D1'],
      operations: 3,
    }),
  );
}

export function probeEvent(probe: { readonly sequence: number; readonly outcome: 'UP' | 'DOWN' }): EventRecord {
  return eventOf(
    topics.crmProbed,
    { key: 'sf:00D1', sequence: probe.sequence },
    create(topics.crmProbed.message, {
      account: 'sf:00D1',
      system: 'salesforce',
      sequence: probe.sequence,
      outcome: ProbeOutcome[probe.outcome],
    }),
  );
}

export function connectionEvent(connection: {
  readonly id: string;
  readonly tenantId?: string;
  readonly system?: 'salesforce' | 'hubspot';
  readonly status?: keyof typeof ConnectionStatus;
  readonly version?: number;
}): EventRecord {
  const { id, tenantId = 'acme', system = 'hubspot', status = 'CONNECTED', version = 1 } = connection;
  return eventOf(
    topics.connectionChanged,
    { tenantId, key: 'hs:1', sequence: version },
    create(topics.connectionChanged.message, {
      connectionId: id,
      account: 'hs:1',
      system,
      displayName: 'HubSpot',
      status: ConnectionStatus[status],
      objects: ['contacts'],
      version,
    }),
  );
}
