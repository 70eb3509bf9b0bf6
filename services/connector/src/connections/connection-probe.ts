import { addressOf, type ConnectionDefinition, defaultObjects } from '../crm/connection-definition.ts';
import type { CrmIdentity } from '../crm/crm-client.ts';
import type { CrmClientFactory } from '../crm/crm-client-factory.ts';
import { CrmError } from '../crm/crm-error.ts';
import type { AllowedHosts } from './allowed-hosts.ts';

/** A definition that was tried and works. */
export interface ProbedConnection extends CrmIdentity {
  /** Sorted. */
  readonly objects: readonly string[];
}

/** Everything that is wrong with a definition. */
export class ProbeError extends Error {
  readonly code = 'connection-refused-by-crm';
  readonly retriable: boolean;
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super(errors.map((error) => (error instanceof Error ? error.message : String(error))).join(' '), {
      cause: errors[0],
    });
    this.name = 'ProbeError';
    this.errors = errors;
    this.retriable = errors.every((error) => (error as { retriable?: unknown }).retriable === true);
  }
}

export interface ConnectionProbe {
  /** Tries the credentials and every object. Rejects with ProbeError. */
  probe(
    request: { readonly definition: ConnectionDefinition; readonly objects?: readonly string[] | undefined },
    signal: AbortSignal,
  ): Promise<ProbedConnection>;
}

const isMissing = (error: unknown): boolean =>
  error instanceof CrmError && (error.kind === 'not-found' || error.kind === 'permission');

export function createConnectionProbe(options: {
  readonly clients: CrmClientFactory;
  readonly allowedHosts: AllowedHosts;
}): ConnectionProbe {
  return {
    async probe({ definition, objects }, signal) {
      const address = addressOf(definition);
      const refusal = options.allowedHosts.refusal(address.url);
      if (refusal !== null) {
        const refused = {
          kind: 'validation',
          code: 'host-refused',
          message: refusal,
          pointer: address.pointer,
        } as const;
        throw new ProbeError([new CrmError(refused)]);
      }
      const client = options.clients.create(definition);
      try {
        const identity = await client.identify(signal);
        const { needed, optional } =
          objects === undefined ? defaultObjects[definition.system] : { needed: objects, optional: [] };
        const names = [...new Set([...needed, ...optional])].sort();
        const tried = await Promise.allSettled(names.map((name) => client.open(name, signal)));
        const failures = tried.flatMap((result, index) => {
          const isOptional = optional.includes(names[index] as string) && !needed.includes(names[index] as string);
          return result.status === 'rejected' && !(isOptional && isMissing(result.reason)) ? [result.reason] : [];
        });
        if (failures.length > 0) throw new ProbeError(failures);
        return { ...identity, objects: names.filter((_, index) => tried[index]?.status === 'fulfilled') };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw error instanceof ProbeError ? error : new ProbeError([error]);
      } finally {
        client.close();
      }
    },
  };
}
