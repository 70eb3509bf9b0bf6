import type { Component } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import type { StoredApiKey } from './api-key.ts';

interface KeyUse {
  readonly tenantId: string;
  readonly id: string;
  readonly at: Date;
}

export interface ApiKeyUsageOptions {
  readonly write: (uses: readonly KeyUse[]) => Promise<void>;
  readonly logger: Logger;
  /** Default 15,000. */
  readonly intervalMs?: number;
  readonly now?: () => Date;
}

/** Remembers when each key was used last and writes it now and then: a use must not cost a write. */
export interface ApiKeyUsage extends Component {
  note(key: Pick<StoredApiKey, 'tenantId' | 'id'>): void;
  /** Writes what was noted since the last time. What cannot be written is kept for the next time. */
  flush(): Promise<void>;
}

export function createApiKeyUsage(options: ApiKeyUsageOptions): ApiKeyUsage {
  const { write, logger, intervalMs = 15_000, now = () => new Date() } = options;
  let uses = new Map<string, KeyUse>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    if (uses.size === 0) return;
    const written = uses;
    uses = new Map();
    try {
      await write([...written.values()]);
    } catch (error) {
      uses = new Map([...written, ...uses]);
      logger.warn({ err: error }, 'last use of API keys could not be written');
    }
  }

  return {
    name: 'api-key-usage',
    note: ({ tenantId, id }) => void uses.set(`${tenantId}:${id}`, { tenantId, id, at: now() }),
    flush,
    async start() {
      timer = setInterval(() => void flush(), intervalMs);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
