import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSchemaRegistry, type SchemaRegistry } from './schema-registry.ts';
import { topicCatalogue, topics } from './topic-catalogue.ts';

interface Stored {
  readonly schemaType: string;
  readonly schema: string;
  readonly references: readonly { name: string; subject: string; version: number }[];
}

/** Behaves like a registry: ids by content, versions by subject, references must exist. */
class RegistryLookAlike {
  readonly schemas: Stored[] = [];
  readonly subjects = new Map<string, Stored[]>();
  readonly requests: { method: string; path: string; authorization: string | undefined }[] = [];
  compatible = true;
  failWith: number | undefined;

  answer(method: string, path: string, body: string): { status: number; json: unknown } {
    if (this.failWith !== undefined) return { status: this.failWith, json: { message: 'no' } };
    const [, subject, versions] = /^\/subjects\/([^/]+)(\/versions)?$/.exec(path) ?? [];
    if (method === 'POST' && subject !== undefined) {
      const name = decodeURIComponent(subject);
      const schema = JSON.parse(body) as Stored;
      for (const reference of schema.references) {
        if (this.subjects.get(reference.subject)?.[reference.version - 1] === undefined) {
          return { status: 422, json: { message: `no reference ${reference.subject}` } };
        }
      }
      const known = this.subjects.get(name) ?? [];
      let version = known.findIndex((stored) => stored.schema === schema.schema) + 1;
      if (versions === undefined) {
        return version === 0 ? { status: 404, json: { message: 'unknown' } } : { status: 200, json: { version } };
      }
      if (!this.compatible && version === 0 && known.length > 0)
        return { status: 409, json: { message: 'FIELD_REMOVED' } };
      if (version === 0) version = known.push(schema);
      this.subjects.set(name, known);
      let id = this.schemas.findIndex((stored) => stored.schema === schema.schema) + 1;
      if (id === 0) id = this.schemas.push(schema);
      return { status: 200, json: { id } };
    }
    const [, compared] = /^\/compatibility\/subjects\/([^/]+)\/versions\/latest$/.exec(path) ?? [];
    if (compared !== undefined) {
      return this.subjects.has(decodeURIComponent(compared))
        ? { status: 200, json: { is_compatible: this.compatible } }
        : { status: 404, json: { message: 'unknown' } };
    }
    const stored = this.schemas[Number(/^\/schemas\/ids\/(\d+)$/.exec(path)?.[1]) - 1];
    return stored === undefined ? { status: 404, json: { message: 'unknown' } } : { status: 200, json: stored };
  }
}

let look: RegistryLookAlike;
let server: Server;
let registry: SchemaRegistry;
let url: string;

beforeEach(async () => {
  look = new RegistryLookAlike();
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url: path = '' } = request;
      look.requests.push({ method, path, authorization: request.headers.authorization });
      const { status, json } = look.answer(method, path, Buffer.concat(parts).toString('utf8'));
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json', connection: 'close' });
      response.end(JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  registry = createSchemaRegistry({ url, credentials: { username: 'kempt', password: 's3cret' } });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('the schema registry client', () => {
  test('registers every topic, imports before those who import them, and gives the ids', async () => {
    const ids = await registry.register(topicCatalogue);
    expect([...ids.keys()]).toEqual(topicCatalogue.map(({ name }) => name));
    expect([...look.subjects.keys()]).toContain('kempt/types/v1/record_ref.proto');
    const stored = await registry.schemaById(ids.get(topics.recordChanged.name) ?? 0);
    expect(stored.schemaType).toBe('PROTOBUF');
    const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(stored.schema, 'base64'));
    expect(file.messageType.map(({ name }) => name)).toEqual(['RecordChanged', 'RecordState']);
    expect(
      look.schemas
        .find(({ schema }) => schema === stored.schema)
        ?.references.map(({ name }) => name)
        .sort(),
    ).toEqual(['kempt/types/v1/canonical.proto', 'kempt/types/v1/record_ref.proto', 'kempt/types/v1/value.proto']);
    expect(look.requests[0]?.authorization).toBe(`Basic ${Buffer.from('kempt:s3cret').toString('base64')}`);
  });

  test('gives the same ids when it is asked again', async () => {
    expect(await registry.register(topicCatalogue)).toEqual(await registry.register(topicCatalogue));
  });

  test('knows whether consumers could live with the schema of this release', async () => {
    expect(await registry.isCompatible(topics.idAliased)).toBe(true);
    const olderVersion: Stored = { schemaType: 'PROTOBUF', schema: 'what an older release had', references: [] };
    look.subjects.set(`${topics.idAliased.name}-value`, [olderVersion]);
    expect(await registry.isCompatible(topics.idAliased)).toBe(true);
    look.compatible = false;
    expect(await registry.isCompatible(topics.idAliased)).toBe(false);
    await expect(registry.register([topics.idAliased])).rejects.toMatchObject({
      code: 'schema-incompatible',
      retriable: false,
    });
  });

  test.each([
    [401, 'registry-refused', false],
    [429, 'registry-refused', true],
    [500, 'registry-refused', true],
  ])('tells an answer %d as %s', async (status, code, retriable) => {
    look.failWith = status;
    await expect(registry.register([topics.idAliased])).rejects.toMatchObject({ code, retriable, status });
  });

  test('tells a registry that is not there as such', async () => {
    const nowhere = createSchemaRegistry({ url: 'http://127.0.0.1:1' });
    await expect(nowhere.schemaById(1)).rejects.toMatchObject({ code: 'registry-unreachable', retriable: true });
  });

  test('tells an unknown id as such', async () => {
    await expect(registry.schemaById(99)).rejects.toMatchObject({ code: 'schema-unknown', retriable: false });
  });
});
