import { CliError } from './cli-error.ts';
import { exitCodeOfStatus, exitCodes } from './exit-code.ts';

/** The public API of Kempt, as far as the command needs it. Rejects with `CliError`. */
export interface ApiClient {
  get<T>(path: string, query?: Query): Promise<T>;
  post<T>(path: string, body?: object): Promise<T>;
  delete(path: string): Promise<void>;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

export interface ApiClientOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly version: string;
  /** For each request. Default 60,000. */
  readonly timeoutMs?: number;
  /** Ends the request at hand. */
  readonly signal?: AbortSignal;
}

/** What the API answers instead of content, `application/problem+json`. */
interface Problem {
  readonly detail?: string;
  readonly title?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly traceId?: string;
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const base = baseUrl(options.url);

  async function request(method: string, path: string, body?: object): Promise<Response> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 60_000);
    let answer: Response;
    try {
      answer = await fetch(new URL(path.replace(/^\//, ''), base), {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${options.apiKey}`,
          'user-agent': `kempt-cli/${options.version}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // A key must not follow wherever an answer points.
        redirect: 'manual',
        signal: options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]),
      });
    } catch (error) {
      throw unreachable(base, error, timeout.aborted);
    }
    if (answer.ok) return answer;
    throw await refusal(base, answer);
  }

  return {
    get: async <T>(path: string, query: Query = {}) => {
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
      const text = search.toString();
      return contentOf<T>(base, await request('GET', text === '' ? path : `${path}?${text}`));
    },
    post: async <T>(path: string, body?: object) => contentOf<T>(base, await request('POST', path, body)),
    delete: async (path) => {
      await request('DELETE', path);
    },
  };
}

/** A reference or an id as one segment of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CliError(`KEMPT_URL must look like http://127.0.0.1:8080, not "${text}".`, {
      code: 'url-malformed',
      exitCode: exitCodes.wrongUsage,
    });
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

async function contentOf<T>(base: URL, answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch (error) {
    throw new CliError(`${base.origin} does not answer like Kempt. Check KEMPT_URL.`, {
      code: 'answer-malformed',
      exitCode: exitCodes.unavailable,
      cause: error,
    });
  }
}

function unreachable(base: URL, error: unknown, timedOut: boolean): CliError {
  const message = timedOut
    ? `${base.origin} did not answer in time. Try again, or look at its logs.`
    : `Nothing answers at ${base.origin}. Start Kempt, or set KEMPT_URL to where it runs.`;
  return new CliError(message, { code: 'unreachable', exitCode: exitCodes.unavailable, retriable: true, cause: error });
}

async function refusal(base: URL, answer: Response): Promise<CliError> {
  const problem: Problem | undefined = await answer.json().then(
    (body) => (typeof body === 'object' && body !== null ? (body as Problem) : undefined),
    () => undefined,
  );
  const exitCode = exitCodeOfStatus(answer.status);
  const sentence =
    answer.status === 401 && problem?.detail === undefined
      ? 'The API key is not accepted. Check KEMPT_API_KEY.'
      : sentenceOf(problem, base, answer.status);
  const trace = answer.status >= 500 && problem?.traceId !== undefined ? ` Trace ${problem.traceId}.` : '';
  return new CliError(sentence + trace, {
    code: problem?.code ?? `http-${answer.status}`,
    exitCode,
    retriable: exitCode === exitCodes.unavailable,
  });
}

function sentenceOf(problem: Problem | undefined, base: URL, status: number): string {
  const detail = problem?.detail ?? problem?.title;
  if (detail === undefined) return `${base.origin} answered with status ${status} and no reason. Check KEMPT_URL.`;
  const parts = problem?.errors ?? [];
  if (parts.length < 2) return detail;
  return `${detail} ${parts.map((part) => `${part.pointer} ${part.detail}`).join(' ')}`;
}
