import { isDeepStrictEqual } from 'node:util';
import type { OpenApiDocument } from '@kempt/service-runtime';
import { conflictingDocuments } from '../errors.ts';

/** The document of one service. */
export interface ServiceDocument {
  readonly service: string;
  readonly document: OpenApiDocument;
  /** Whether the service answers this path of the public API; others of its paths stay out. */
  readonly serves: (path: string) => boolean;
}

/**
 * One document out of the gateway's own and those of the services. What is described twice must be described alike: a
 * path, a component or an operation id that means two things is refused with a problem that names it.
 */
export function mergeDocuments(own: OpenApiDocument, services: readonly ServiceDocument[]): OpenApiDocument {
  const paths: Record<string, Readonly<Record<string, unknown>>> = { ...own.paths };
  // Plain JSON, as the documents of the services are, so that equal components compare as equal.
  const components: Record<string, Record<string, unknown>> = JSON.parse(JSON.stringify(own.components ?? {}));
  for (const { service, document, serves } of services) {
    const served = Object.entries(document.paths ?? {}).filter(([path]) => serves(templateRoot(path)));
    for (const [path, operations] of served) {
      if (path in paths) throw conflictingDocuments(`${path} is described by ${service} and by another service`);
      paths[path] = withUniqueTags(operations, service);
    }
    if (served.length > 0) mergeComponents(components, document, service);
  }
  refuseRepeatedOperationIds(paths);
  return { ...own, paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))), components };
}

/** A template such as `/v1/records/{ref}` belongs to whoever serves `/v1/records`. */
function templateRoot(path: string): string {
  return path.replace(/\/\{.*$/, '');
}

/** Operations without a tag are found under the name of their service. */
function withUniqueTags(operations: Readonly<Record<string, unknown>>, service: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(operations).map(([method, operation]) => [
      method,
      isObject(operation) && operation.tags === undefined ? { ...operation, tags: [service] } : operation,
    ]),
  );
}

function mergeComponents(
  components: Record<string, Record<string, unknown>>,
  document: OpenApiDocument,
  service: string,
): void {
  for (const [kind, entries] of Object.entries(document.components ?? {})) {
    // Clients log in at the gateway; how the services trust it is not theirs to know.
    if (kind === 'securitySchemes') continue;
    const known = (components[kind] ??= {});
    for (const [name, entry] of Object.entries(entries)) {
      if (name in known && !isDeepStrictEqual(known[name], entry)) {
        throw conflictingDocuments(`components.${kind}.${name} of ${service} differs from that of another service`);
      }
      known[name] = entry;
    }
  }
}

function refuseRepeatedOperationIds(paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>): void {
  const seen = new Map<string, string>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const id = isObject(operation) ? operation.operationId : undefined;
      if (typeof id !== 'string') continue;
      const other = seen.get(id);
      const place = `${method.toUpperCase()} ${path}`;
      if (other !== undefined) throw conflictingDocuments(`operation id ${id} means ${other} and ${place}`);
      seen.set(id, place);
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
