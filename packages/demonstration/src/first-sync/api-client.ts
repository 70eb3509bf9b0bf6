import { DemonstrationError } from '../errors.ts';

/** What the demonstration asks of the API, as any client would. */
export interface ApiClient {
  get<T>(path: string, query?: Readonly<Record<string, string | number>>): Promise<T>;
  /** POST without an own body sends an empty object. */
  send<T>(method: 'POST' | 'PUT', path: string, body?: object): Promise<T>;
  /** Every item of a list, page by page. */
  list<T>(path: string, query?: Readonly<Record<string, string | number>>): AsyncGenerator<T>;
}

export function createApiClient(url: string, apiKey: string): ApiClient {
  async function ask<T>(method: string, target: URL, body?: object): Promise<T> {
    const response = await fetch(target, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as T & { readonly detail?: string };
    if (!response.ok) {
      throw new DemonstrationError(
        'DEMONSTRATION_API',
        `${method} ${target.pathname} answered ${response.status}: ${answer.detail ?? ''}`,
      );
    }
    return answer;
  }

  async function get<T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T> {
    const target = new URL(path, url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, String(value));
    return ask<T>('GET', target);
  }

  return {
    get,
    send: (method, path, body = {}) => ask(method, new URL(path, url), body),
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
