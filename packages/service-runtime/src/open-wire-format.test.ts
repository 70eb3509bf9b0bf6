import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { topics } from '@kempt/contracts';
import { openWireFormat } from './open-wire-format.ts';

let server: Server;
let schemaRegistryUrl: string;
const authorizations = new Set<string | undefined>();
/** Ids by subject, as a registry gives them out. */
const ids = new Map<string, number>();

beforeAll(async () => {
  server = createServer((request, response) => {
    authorizations.add(request.headers.authorization);
    const subject = decodeURIComponent((request.url ?? '').split('/')[2] ?? '');
    if (!ids.has(subject)) ids.set(subject, ids.size + 1);
    request.resume().on('end', () => response.end(JSON.stringify({ id: ids.get(subject), version: 1, subject })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  schemaRegistryUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('protobuf and json ask nobody', async () => {
  expect(await openWireFormat({ wireFormat: 'protobuf' })).toEqual({ name: 'protobuf' });
  expect(await openWireFormat({ wireFormat: 'json' })).toEqual({ name: 'json' });
});

test('confluent takes the id of each topic from the registry, logged in where that is configured', async () => {
  const format = await openWireFormat({
    wireFormat: 'confluent',
    schemaRegistryUrl,
    schemaRegistryUsername: 'kempt',
    schemaRegistryPassword: 'secret',
  });
  if (format.name !== 'confluent') throw new Error(format.name);
  expect(format.schemaId(topics.recordChanged)).toBe(ids.get(`${topics.recordChanged.name}-value`));
  expect(() => format.schemaId({ ...topics.recordChanged, name: 'kempt.other.v1' })).toThrow('is not in the catalogue');
  expect([...authorizations]).toEqual([`Basic ${Buffer.from('kempt:secret').toString('base64')}`]);
});

test('a registry that is away is told to be worth another try', async () => {
  const away = openWireFormat({ wireFormat: 'confluent', schemaRegistryUrl: 'http://127.0.0.1:1' });
  await expect(away).rejects.toMatchObject({ retriable: true });
});
