import { StandaloneError } from '../errors.ts';

/** What standalone asks of the API, as any client would. */
export interface ApiClient {
  get<T>(path: string, query?: Readonly<Record<string, string | number>>): Promise<T>;
  /** Every item of a list, page by page. */
  list<T>(path: string, query?: Readonly<Record<string, string | number>>): AsyncGenerator<T>;
}

export function createApiClient(url: string, apiKey: string): ApiClient {
  async function get<T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T> {
    const target = new URL(path, url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, String(value));
    const response = await fetch(target, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(30_000),
    });
    const body = (await response.json()) as T & { readonly detail?: string };
    if (!response.ok) {
      throw new StandaloneError('STANDALONE_API', `GET ${path} answered ${response.status}: ${body.detail ?? ''}`);
    }
    return body;
  }
  return {
    get,
    async *list<T>(path: string, query: Readonly<Record<string, string | number>> = {}) {
      let cursor: string | undefined;
      do {
        const page: { readonly items: readonly T[]; readonly nextCursor?: string } = await get(path, {
          ...query,
          ...(cursor === undefined ? {} : { cursor }),
        });
        yield* page.items;
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    },
  };
}
