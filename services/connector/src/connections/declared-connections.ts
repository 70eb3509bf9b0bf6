import { readFileSync } from 'node:fs';
import type { Component } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { type ConnectionRequestBody, ConnectionRequestSchema, parseConnectionRequest } from './connection-request.ts';
import type { ConnectionRequest, Connections, ProbedRequest } from './connections.ts';

const secretNames = ['clientSecret', 'privateKey', 'accessToken', 'webhookSecret'] as const;

/** A connection of the configuration: a request, its tenant, and secrets that may be in files. */
export const DeclaredConnectionSchema = Type.Object({
  ...ConnectionRequestSchema.properties,
  tenant: Type.Optional(Type.String({ minLength: 1, pattern: '^[^:|]+$', description: 'default by default' })),
  credentials: Type.Object({
    ...ConnectionRequestSchema.properties.credentials.properties,
    clientSecretFile: Type.Optional(Type.String()),
    privateKeyFile: Type.Optional(Type.String()),
    accessTokenFile: Type.Optional(Type.String()),
    webhookSecretFile: Type.Optional(Type.String()),
  }),
});

export type DeclaredConnection = Static<typeof DeclaredConnectionSchema>;

export class DeclaredConnectionError extends Error {
  readonly code = 'declared-connection-refused';
  readonly retriable = false;
}

interface Wanted {
  readonly tenantId: string;
  readonly place: string;
  readonly request: ConnectionRequest;
}

function readSecretFile(path: string, key: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DeclaredConnectionError(
      `${key}: the file cannot be read (${code ?? 'unknown error'}). Correct the path.`,
    );
  }
}

/** Reads the declarations. Throws DeclaredConnectionError naming the key at fault; values are never quoted. */
export function parseDeclaredConnections(declared: readonly DeclaredConnection[]): Wanted[] {
  return declared.map((declaration, index) => {
    const place = `connections[${index}]`;
    const { tenant, credentials: given, ...rest } = declaration;
    const credentials: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) if (!name.endsWith('File')) credentials[name] = value;
    for (const name of secretNames) {
      const file = given[`${name}File`];
      if (file !== undefined) credentials[name] = readSecretFile(file, `${place}.credentials.${name}File`);
    }
    const body = { ...rest, credentials } as ConnectionRequestBody;
    const parsed = Value.Check(ConnectionRequestSchema, body)
      ? parseConnectionRequest(body)
      : {
          problems: [
            {
              pointer: '',
              detail: 'is not a connection: system and credentials.grant are needed, other keys must be known.',
            },
          ],
        };
    if ('request' in parsed) return { tenantId: tenant ?? 'default', place, request: parsed.request };
    const problems = parsed.problems.map(({ pointer, detail }) => `${place}${pointer.replaceAll('/', '.')} ${detail}`);
    throw new DeclaredConnectionError(problems.join(' '));
  });
}

/**
 * Makes sure that the connections of the configuration exist before anything is read, all of a tenant in one go. One that
 * exists already in the same form is left alone, without asking its CRM. While a CRM does not answer, it is asked again;
 * one that refuses ends the start, like any other setting that is wrong.
 */
export function createDeclaredConnections(options: {
  readonly declared: readonly DeclaredConnection[];
  readonly connections: Connections;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly retryMs: number;
  /** How long a CRM that does not answer is waited for. */
  readonly patienceMs: number;
  readonly now: () => number;
}): Component {
  const { connections, logger, signal } = options;

  async function probe({ place, request }: Wanted): Promise<ProbedRequest> {
    const deadline = options.now() + options.patienceMs;
    for (;;) {
      try {
        return await connections.probe(request, signal);
      } catch (error) {
        signal.throwIfAborted();
        const { message, retriable } = error as { message?: string; retriable?: boolean };
        if (retriable !== true || options.now() >= deadline) {
          throw new DeclaredConnectionError(`${place}: ${message ?? 'failed'}`, { cause: error });
        }
        logger.warn({ connection: place, reason: message }, 'declared connection cannot be tried yet; trying again');
        await new Promise((resolve) => setTimeout(resolve, options.retryMs));
      }
    }
  }

  return {
    name: 'declared-connections',
    async start() {
      const wanted = parseDeclaredConnections(options.declared);
      const isKnown = await Promise.all(
        wanted.map(async ({ tenantId, request }) => (await connections.findSame(tenantId, request)) !== undefined),
      );
      const missing = wanted.filter((_, index) => isKnown[index] !== true);
      const probed = await Promise.all(missing.map(async (one) => ({ ...one, probed: await probe(one) })));
      for (const [tenantId, ofTenant] of Map.groupBy(probed, (one) => one.tenantId)) {
        const stored = await connections.store(
          tenantId,
          ofTenant.map((one) => one.probed),
        );
        for (const { account, objects } of stored)
          logger.info({ tenantId, account, objects }, 'declared connection stored');
      }
    },
    stop: () => Promise.resolve(),
  };
}
