import type { StoredApiKey } from './api-key.ts';

export interface ApiKeyCacheOptions {
  readonly load: (id: string) => Promise<readonly StoredApiKey[]>;
  /** How long an answer is good. */
  readonly freshMs: number;
  /** How long an answer may be used while no newer one can be had. Default 60,000. */
  readonly staleMs?: number;
  /** Default 10,000. */
  readonly maxEntries?: number;
  /** Milliseconds, never running backwards. */
  readonly now: () => number;
}

/** Keys by id, so that not every request costs a query, and a database that restarts does not shut everybody out. */
export interface ApiKeyCache {
  find(id: string): Promise<readonly StoredApiKey[]>;
  /** The next `find` asks again. */
  forget(id: string): void;
}

interface Entry {
  readonly keys: readonly StoredApiKey[];
  readonly loadedAtMs: number;
}

export function createApiKeyCache(options: ApiKeyCacheOptions): ApiKeyCache {
  const { load, freshMs, staleMs = 60_000, maxEntries = 10_000, now } = options;
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Promise<readonly StoredApiKey[]>>();

  async function loadOnce(id: string): Promise<readonly StoredApiKey[]> {
    const keys = await load(id);
    // An unknown id is worth no place: there are endlessly many of them.
    entries.delete(id);
    if (keys.length > 0) entries.set(id, { keys, loadedAtMs: now() });
    const [oldest] = entries.keys();
    if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    return keys;
  }

  return {
    async find(id) {
      const entry = entries.get(id);
      const ageMs = entry === undefined ? Number.POSITIVE_INFINITY : now() - entry.loadedAtMs;
      if (entry !== undefined && ageMs < freshMs) return entry.keys;
      let load_ = loading.get(id);
      if (load_ === undefined) {
        load_ = loadOnce(id).finally(() => loading.delete(id));
        loading.set(id, load_);
      }
      try {
        return await load_;
      } catch (error) {
        if (entry !== undefined && ageMs < staleMs && (error as { retriable?: unknown }).retriable === true) {
          return entry.keys;
        }
        throw error;
      }
    },
    forget: (id) => void entries.delete(id),
  };
}
