import { describe, expect, test } from '@jest/globals';
import type { OpenApiDocument } from '@kempt/service-runtime';
import { mergeDocuments, type ServiceDocument } from './openapi-merge.ts';

const problem = { type: 'object', properties: { code: { type: 'string' } } };

function document(
  paths: Record<string, Record<string, unknown>>,
  schemas: Record<string, unknown> = { Problem: problem },
): OpenApiDocument {
  return {
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    paths,
    components: { schemas, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}

function service(name: string, prefix: string, described: OpenApiDocument): ServiceDocument {
  return {
    service: name,
    document: described,
    serves: (path) => path === prefix || path.startsWith(`${prefix}/`),
  };
}

const own = document({ '/v1/status': { get: { operationId: 'showStatus', tags: ['status'] } } });

describe('the merged document', () => {
  test('holds the paths that each service answers, under its name, and shared components once', () => {
    const merged = mergeDocuments(own, [
      service(
        'connector',
        '/v1/records',
        document({ '/v1/records': { get: {} }, '/v1/records/{ref}': { get: {} }, '/v1/dead-letters': { get: {} } }),
      ),
      service(
        'dedupe',
        '/v1/clusters',
        document({ '/v1/clusters': { get: { tags: ['clusters'] } } }, { Problem: problem, Cluster: {} }),
      ),
    ]);
    expect(Object.keys(merged.paths ?? {})).toEqual(['/v1/clusters', '/v1/records', '/v1/records/{ref}', '/v1/status']);
    expect(merged.paths?.['/v1/records']).toEqual({ get: { tags: ['connector'] } });
    expect(merged.paths?.['/v1/clusters']).toEqual({ get: { tags: ['clusters'] } });
    expect(Object.keys(merged.components?.schemas ?? {})).toEqual(['Problem', 'Cluster']);
  });

  test('refuses a path that two services describe', () => {
    const both = ['a', 'b'].map((name) => service(name, '/v1/x', document({ '/v1/x': { get: {} } })));
    expect(() => mergeDocuments(own, both)).toThrow('/v1/x is described by b and by another service');
  });

  test('refuses a component that means two things', () => {
    const services = [
      service('a', '/v1/a', document({ '/v1/a': { get: {} } }, { Page: { type: 'object' } })),
      service('b', '/v1/b', document({ '/v1/b': { get: {} } }, { Page: { type: 'array' } })),
    ];
    expect(() => mergeDocuments(own, services)).toThrow('components.schemas.Page of b differs');
  });

  test('refuses an operation id that means two operations', () => {
    const services = [
      service('a', '/v1/a', document({ '/v1/a': { get: { operationId: 'list' } } })),
      service('b', '/v1/b', document({ '/v1/b': { get: { operationId: 'list' } } })),
    ];
    expect(() => mergeDocuments(own, services)).toThrow('operation id list means GET /v1/a and GET /v1/b');
  });

  test('leaves the documents that it merges as they are', () => {
    const before = structuredClone(own);
    mergeDocuments(own, [service('a', '/v1/a', document({ '/v1/a': { get: {} } }, { Extra: {} }))]);
    expect(own).toEqual(before);
  });
});
