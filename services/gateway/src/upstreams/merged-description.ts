import type { OpenApiDocument } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { mergeDocuments, type ServiceDocument } from './openapi-merge.ts';
import type { Upstream } from './upstream.ts';
import { servesPath } from './upstream-table.ts';

export interface MergedDescriptionOptions {
  readonly upstreams: readonly Upstream[];
  readonly logger: Logger;
  /** How long the document of a service is good. Default 30,000. */
  readonly freshMs?: number;
  /** Default 3,000. */
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

interface Copy {
  readonly document: OpenApiDocument;
  readonly readAtMs: number;
}

/**
 * The public API in one OpenAPI document. A service that does not answer is described by its last copy; one that was never
 * seen is named under `x-kempt-unavailable` instead of being left out in silence.
 */
export function createMergedDescription(
  options: MergedDescriptionOptions,
): (own: OpenApiDocument) => Promise<OpenApiDocument> {
  const { upstreams, logger, freshMs = 30_000, timeoutMs = 3_000, now = () => performance.now() } = options;
  const copies = new Map<string, Copy>();

  async function documentOf(upstream: Upstream): Promise<OpenApiDocument | undefined> {
    const copy = copies.get(upstream.name);
    if (copy !== undefined && now() - copy.readAtMs < freshMs) return copy.document;
    try {
      const { status, body } = await upstream.probe('/openapi.json', timeoutMs);
      if (status !== 200) throw new Error(`status ${status}`);
      const document = body as OpenApiDocument;
      copies.set(upstream.name, { document, readAtMs: now() });
      return document;
    } catch (error) {
      logger.warn({ err: error, upstream: upstream.name }, 'the API description of a service could not be read');
      return copy?.document;
    }
  }

  return async (own) => {
    const documents = await Promise.all(upstreams.map(documentOf));
    const described: ServiceDocument[] = [];
    const unavailable: string[] = [];
    for (const [index, { name }] of upstreams.entries()) {
      const document = documents[index];
      if (document === undefined) unavailable.push(name);
      else described.push({ service: name, document, serves: (path) => servesPath(name, path) });
    }
    const merged = mergeDocuments(publicDocument(own), described);
    return unavailable.length === 0 ? merged : { ...merged, 'x-kempt-unavailable': unavailable };
  };
}

function publicDocument(own: OpenApiDocument): OpenApiDocument {
  return {
    ...own,
    info: { ...own.info, title: 'Kempt' },
    components: {
      ...own.components,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'kempt_<environment>_<id>_<secret>',
          description: 'An API key. It belongs to one tenant, and every request is made on behalf of that tenant.',
        },
      },
    },
  };
}
