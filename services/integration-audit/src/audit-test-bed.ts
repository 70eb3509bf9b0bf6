import {
  type AuditRecordChangedSchema,
  auditKey,
  create,
  type DescMessage,
  type EventRecord,
  encodeEvent,
  type MessageInitShape,
  type Topic,
  timestampFromDate,
  topics,
} from '@kempt/contracts';
import { type ServiceTestBed, startServiceTestBed } from '@kempt/service-runtime/testing';
import { v7 as uuidv7 } from 'uuid';
import { integrationAuditService } from './service.ts';

export const account = 'sf:00D1';

type AuditKind = NonNullable<MessageInitShape<typeof AuditRecordChangedSchema>['kind']>;
type Content<Case extends string> = Extract<AuditKind, { case: Case }>['value'];

export interface AuditInit {
  readonly id: string;
  /** Default 1. */
  readonly version?: number;
  readonly removed?: boolean;
  readonly account?: string;
  /** When the connector read it. Default: now. */
  readonly readAt?: Date;
}

/** The service on a real Postgres, with the events that it listens to. */
export interface AuditTestBed extends ServiceTestBed {
  event<Desc extends DescMessage>(
    topic: Topic<Desc>,
    event: {
      readonly key: string;
      readonly sequence: number;
      readonly time?: Date;
      readonly data: MessageInitShape<Desc> | null;
    },
  ): EventRecord;
  user(
    init: AuditInit & { readonly lastLogin?: Date; readonly created?: Date },
    content?: Content<'user'>,
  ): EventRecord;
  login(init: AuditInit & { readonly at: Date }, content?: Content<'login'>): EventRecord;
  app(init: AuditInit & { readonly lastUsed?: Date; readonly created?: Date }, content?: Content<'app'>): EventRecord;
  usage(init: AuditInit, content: Content<'apiUsage'>): EventRecord;
  setupChange(init: AuditInit & { readonly at: Date }, content?: Content<'setupChange'>): EventRecord;
}

const kindNames = { user: 'user', login: 'login', app: 'app', apiUsage: 'api-usage', setupChange: 'setup-change' };

export const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);

export async function startAuditTestBed(environment: Readonly<Record<string, string>> = {}): Promise<AuditTestBed> {
  const bed = await startServiceTestBed(integrationAuditService, {
    entry: new URL('./main.ts', import.meta.url).pathname,
    scopes: ['audit:read', 'audit:write'],
    environment: {
      KEMPT_INTEGRATION_AUDIT_SETTLE_MS: '0',
      KEMPT_INTEGRATION_AUDIT_POLL_INTERVAL_MS: '50',
      ...environment,
    },
  });

  const event: AuditTestBed['event'] = (topic, { key, sequence, time = new Date(), data }) =>
    encodeEvent(
      {
        topic,
        id: uuidv7(),
        tenantId: bed.tenantId,
        source: `/kempt/${topic.owner}`,
        subject: key,
        key,
        time,
        recordedTime: new Date(0),
        sequence,
        data: data === null ? null : create(topic.message, data),
      },
      { name: 'protobuf' },
    );

  const audit = (
    { id, version = 1, removed = false, account: of = account, readAt = new Date() }: AuditInit,
    kind: AuditKind,
  ): EventRecord =>
    event(topics.auditRecordChanged, {
      key: auditKey(bed.tenantId, { account: of, kind: kindNames[kind.case ?? 'user'], auditId: id }),
      sequence: version,
      time: readAt,
      data: { account: of, auditId: id, version, removed, kind },
    });

  return Object.assign(bed, {
    event,
    user: ({ lastLogin, created = daysAgo(400), ...init }, content = {}) =>
      audit(init, {
        case: 'user',
        value: {
          name: `User ${init.id}`,
          active: true,
          userType: 'Standard',
          createdAt: timestampFromDate(created),
          ...(lastLogin === undefined ? {} : { lastLoginAt: timestampFromDate(lastLogin) }),
          ...content,
        },
      }),
    login: ({ at, ...init }, content = {}) =>
      audit(init, { case: 'login', value: { at: timestampFromDate(at), succeeded: true, ...content } }),
    app: ({ lastUsed, created = daysAgo(400), ...init }, content = {}) =>
      audit(init, {
        case: 'app',
        value: {
          name: `App ${init.id}`,
          appKind: 'connected-app',
          createdAt: timestampFromDate(created),
          ...(lastUsed === undefined ? {} : { lastUsedAt: timestampFromDate(lastUsed) }),
          ...content,
        },
      }),
    usage: (init, content) => audit(init, { case: 'apiUsage', value: content }),
    setupChange: ({ at, ...init }, content = {}) =>
      audit(init, { case: 'setupChange', value: { at: timestampFromDate(at), userId: 'u1', ...content } }),
  } satisfies Omit<AuditTestBed, keyof ServiceTestBed>);
}
