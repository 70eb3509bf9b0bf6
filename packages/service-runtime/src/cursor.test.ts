import { expect, test } from '@jest/globals';
import { createCursorCodec } from './cursor.ts';

const codec = createCursorCodec('a secret that replicas share');
const scope = { list: 'records', tenant: 'acme', object: 'Contact', minSize: undefined };
const position = ['2026-01-01T00:00:00.000Z', 'sf:1:Contact:2', 7, null];

test('a cursor leads back to its position, on every replica that shares the secret', () => {
  const cursor = codec.encode(scope, position);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(createCursorCodec('a secret that replicas share').decode({ ...scope }, cursor)).toEqual(position);
});

test.each([
  ['of another tenant', { ...scope, tenant: 'other' }],
  ['of another list', { ...scope, list: 'clusters' }],
  ['with other filters', { ...scope, minSize: 2 }],
])('a cursor %s is refused', (_, other) => {
  expect(() => codec.decode(other, codec.encode(scope, position))).toThrow(
    expect.objectContaining({ status: 400, code: 'invalid-cursor' }),
  );
});

test('a cursor that was changed, cut, invented or signed by another is refused', () => {
  const cursor = codec.encode(scope, position);
  const changed = Buffer.from(cursor, 'base64url');
  changed[20] = (changed[20] ?? 0) ^ 1;
  const forged = createCursorCodec('another secret').encode(scope, position);
  for (const wrong of [changed.toString('base64url'), cursor.slice(0, 10), '', '!!!', forged]) {
    expect(() => codec.decode(scope, wrong)).toThrow(expect.objectContaining({ code: 'invalid-cursor' }));
  }
});
