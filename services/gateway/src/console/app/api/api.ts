import { apiKey, signOut } from '../session/session.ts';

/** What the API answered when it refused, or why it could not be asked. The message is a sentence for people. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Default: the key of the session. */
  readonly key?: string;
}

const timeoutMs = 30_000;

async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const { query = {}, body, signal } = options;
  const key = options.key ?? apiKey.value;
  const limit = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(`${path}${queryText(query)}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiProblem(0, 'unreachable', 'Kempt cannot be reached. Check the connection; it is tried again.');
  }
  if (response.status === 204) return undefined as T;
  // An answer whose reading was given up is none, and must not pass for an empty one.
  if (response.ok) return (await response.json()) as T;
  const content = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; title?: string };
  if (response.status === 401 && options.key === undefined) signOut('The API key is no longer valid. Sign in again.');
  throw new ApiProblem(
    response.status,
    content.code ?? 'unknown',
    content.detail ?? content.title ?? `The request was refused with status ${response.status}.`,
  );
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter((entry) => entry[1] !== undefined && entry[1] !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** The public API on behalf of the session's key. Rejects with `ApiProblem`. */
export const api = {
  get: <T>(path: string, options?: CallOptions): Promise<T> => call('GET', path, options),
  list: <T>(path: string, options?: CallOptions): Promise<Page<T>> => call('GET', path, options),
  post: <T>(path: string, body?: unknown, options?: CallOptions): Promise<T> =>
    call('POST', path, { ...options, body }),
  put: <T>(path: string, body: unknown): Promise<T> => call('PUT', path, { body }),
  patch: <T>(path: string, body: unknown): Promise<T> => call('PATCH', path, { body }),
};

/** All pages of a list, up to a number of items. */
export async function listAll<T>(path: string, query: Query, most: number, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page: Page<T> = await api.list(path, { query: { limit: 200, ...query, cursor }, ...(signal && { signal }) });
    items.push(...page.items);
    if (page.nextCursor === undefined || items.length >= most) return items.slice(0, most);
    cursor = page.nextCursor;
  }
}
