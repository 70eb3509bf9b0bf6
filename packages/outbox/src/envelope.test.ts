import { expect, test } from '@jest/globals';
import type { EventRecord } from '@kempt/contracts';
import { readEnvelope } from './envelope.ts';

const eventId = '0195a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';

function withHeaders(headers: Record<string, string>): EventRecord {
  return { topic: 't', key: 'k', value: null, headers };
}

test('tenant and id are read from the headers, the id in lower case', () => {
  const headers = { ce_tenantid: 'acme', ce_id: eventId.toUpperCase() };
  expect(readEnvelope(withHeaders(headers))).toEqual({ tenantId: 'acme', eventId });
});

test.each([
  ['ce_tenantid', 'is missing', { ce_id: eventId }],
  ['ce_tenantid', 'is not a tenant id', { ce_id: eventId, ce_tenantid: '' }],
  ['ce_tenantid', 'is not a tenant id', { ce_id: eventId, ce_tenantid: 'a:b' }],
  ['ce_tenantid', 'is not a tenant id', { ce_id: eventId, ce_tenantid: 'a\nb' }],
  ['ce_tenantid', 'is not a tenant id', { ce_id: eventId, ce_tenantid: 'x'.repeat(257) }],
  ['ce_id', 'is missing', { ce_tenantid: 'acme' }],
  ['ce_id', 'is not a UUID', { ce_tenantid: 'acme', ce_id: '17' }],
])('header %s that %s is named', (header, problem, headers) => {
  const read = (): unknown => readEnvelope(withHeaders(headers));
  expect(read).toThrow(expect.objectContaining({ code: 'envelope-malformed', header, retriable: false }));
  expect(read).toThrow(problem);
});
