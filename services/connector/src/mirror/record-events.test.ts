import { describe, expect, test } from '@jest/globals';
import {
  ChangeKind,
  ChangeOrigin,
  decodeEvent,
  timestampDate,
  toPlainValue,
  topics,
  type Value,
} from '@kempt/contracts';
import { contentHash } from './content-hash.ts';
import { createFieldMaps } from './field-maps.ts';
import { type ChangeToTell, createRecordEvents } from './record-events.ts';

const account = 'sf:00D000000000001AAA';
const fields = {
  AnnualRevenue: { decimal: '12345678901234567.89' },
  IsActive: true,
  LastModifiedDate: { timestamp: '2026-01-02T03:04:05.678Z' },
  Name: 'Acme',
  Tags__c: ['a', 'b'],
};

const told: ChangeToTell = {
  account,
  object: 'Account',
  change: { recordId: '001000000000001AAA', kind: 'updated', version: 2, modifiedAtMs: 1_767_323_045_678 },
  origin: 'incremental',
  modifiedBy: '005000000000001AAA',
  content: {
    fields,
    changedFields: ['Name', 'Website'],
    canonical: createFieldMaps().of('salesforce', 'Account')?.project(account, fields) ?? null,
    contentHash: contentHash(JSON.stringify(fields)),
  },
  mergedInto: null,
};

const events = (now: number) => createRecordEvents({ wireFormat: { name: 'protobuf' }, now: () => now });

const plain = (values: Readonly<Record<string, Value>> | undefined) =>
  Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, toPlainValue(value)]));

describe('events of a record', () => {
  test('hold the fields with all their digits, what changed, and the canonical form', () => {
    const [changed, state] = events(0).of('acme', told);
    if (changed === undefined || state === undefined) throw new Error('two events are due');
    const event = decodeEvent(topics.recordChanged, changed);
    expect(event).toMatchObject({
      tenantId: 'acme',
      sequence: 2,
      source: '/kempt/connector',
      key: `acme:${account}:Account:001000000000001AAA`,
    });
    const data = event.data;
    expect(data).toMatchObject({
      version: 2,
      kind: ChangeKind.UPDATED,
      origin: ChangeOrigin.INCREMENTAL,
      modifiedBy: '005000000000001AAA',
      changedFields: ['Name', 'Website'],
    });
    expect(data?.modifiedAt && timestampDate(data.modifiedAt).toISOString()).toBe('2026-01-02T03:04:05.678Z');
    expect(plain(data?.fields)).toEqual({
      AnnualRevenue: { decimal: '12345678901234567.89' },
      IsActive: true,
      LastModifiedDate: new Date('2026-01-02T03:04:05.678Z'),
      Name: 'Acme',
      Tags__c: ['a', 'b'],
      // It became blank with this change.
      Website: null,
    });
    expect(data?.canonical?.kind).toMatchObject({
      case: 'organisation',
      value: { name: 'Acme', annualRevenue: '12345678901234567.89' },
    });
    const now = decodeEvent(topics.recordState, state).data;
    expect(plain(now?.fields)).not.toHaveProperty('Website');
    expect(now).toMatchObject({ version: 2, deleted: false });
  });

  test('of the same content are the same bytes, whenever they are made and in whatever order the fields came', () => {
    const reversed = Object.fromEntries(Object.entries(fields).reverse());
    const content = told.content && { ...told.content, fields: reversed };
    const first = events(1)
      .of('acme', told)
      .map(({ value }) => Buffer.from(value ?? []).toString('hex'));
    const second = events(2)
      .of('acme', { ...told, content })
      .map(({ value }) => Buffer.from(value ?? []).toString('hex'));
    expect(second).toEqual(first);
  });

  test('of a merge name the survivor and hold no fields', () => {
    const merged = {
      ...told,
      change: { ...told.change, kind: 'merged' as const },
      content: null,
      mergedInto: '001000000000002AAA',
    };
    const [changed, state] = events(0).of('acme', merged);
    if (changed === undefined || state === undefined) throw new Error('two events are due');
    const data = decodeEvent(topics.recordChanged, changed).data;
    expect(data).toMatchObject({
      kind: ChangeKind.MERGED,
      mergedInto: { account, object: 'Account', recordId: '001000000000002AAA' },
    });
    expect(data?.fields).toEqual({});
    expect(decodeEvent(topics.recordState, state).data).toMatchObject({
      deleted: true,
      fields: {},
      mergedInto: { recordId: '001000000000002AAA' },
    });
  });

  test('have ids of their own', () => {
    const ids = Array.from({ length: 2_000 }, () =>
      events(0)
        .of('acme', told)
        .map(({ headers }) => headers.ce_id),
    ).flat();
    expect(new Set(ids).size).toBe(ids.length);
  });
});
