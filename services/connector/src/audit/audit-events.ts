import {
  AuditRecordChangedSchema,
  auditKey,
  create,
  type EventRecord,
  encodeEvent,
  type MessageInitShape,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { AuditRecord } from '../crm/audit-reader.ts';

type KindInit = NonNullable<MessageInitShape<typeof AuditRecordChangedSchema>['kind']>;

const stampOf = (ms: number) => timestampFromDate(new Date(ms));

function kindOf(record: AuditRecord): KindInit {
  switch (record.kind) {
    case 'user': {
      const { lastLoginAtMs, createdAtMs, roles, powers, ...rest } = record.content;
      return {
        case: 'user',
        value: {
          ...rest,
          roles: [...roles],
          powers: [...powers],
          ...(lastLoginAtMs !== null && { lastLoginAt: stampOf(lastLoginAtMs) }),
          ...(createdAtMs !== null && { createdAt: stampOf(createdAtMs) }),
        },
      };
    }
    case 'login': {
      const { atMs, ...rest } = record.content;
      return { case: 'login', value: { ...rest, at: stampOf(atMs) } };
    }
    case 'app': {
      const { lastUsedAtMs, createdAtMs, userIds, useCount, ...rest } = record.content;
      return {
        case: 'app',
        value: {
          ...rest,
          userIds: [...userIds],
          useCount: BigInt(useCount),
          ...(lastUsedAtMs !== null && { lastUsedAt: stampOf(lastUsedAtMs) }),
          ...(createdAtMs !== null && { createdAt: stampOf(createdAtMs) }),
        },
      };
    }
    case 'api-usage': {
      const { calls, dailyLimit, ...rest } = record.content;
      return { case: 'apiUsage', value: { ...rest, calls: BigInt(calls), dailyLimit: BigInt(dailyLimit) } };
    }
    case 'setup-change': {
      const { atMs, ...rest } = record.content;
      return { case: 'setupChange', value: { ...rest, at: stampOf(atMs) } };
    }
  }
}

export interface AuditChange {
  readonly tenantId: string;
  readonly account: string;
  readonly record: AuditRecord;
  readonly version: number;
  readonly removed: boolean;
  /** When it was read. */
  readonly at: Date;
}

/** `audit-record-changed` of a change. */
export function auditEvent(
  change: AuditChange,
  options: { readonly wireFormat: WireFormat; readonly now: () => number },
): EventRecord {
  const { tenantId, account, record, version, removed } = change;
  const { kind, auditId } = record;
  return encodeEvent(
    {
      topic: topics.auditRecordChanged,
      id: uuidv7(),
      tenantId,
      source: '/kempt/connector',
      subject: `${account}/${kind}/${auditId}`,
      key: auditKey(tenantId, { account, kind, auditId }),
      time: change.at,
      recordedTime: new Date(options.now()),
      sequence: version,
      data: create(AuditRecordChangedSchema, { account, auditId, version, removed, kind: kindOf(record) }),
    },
    options.wireFormat,
  );
}
