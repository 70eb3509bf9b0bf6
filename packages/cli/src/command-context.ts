import type { ApiClient, Page, Query } from './api-client.ts';
import type { Output } from './output.ts';

/** What every command works with. */
export interface CommandContext {
  /** Reads the key at the first use: help and commands that work alone need neither a key nor a server. */
  api(): Promise<ApiClient>;
  /** What `api` works with, for commands that bring a client of their own. */
  access(): Promise<{ readonly url: string; readonly apiKey: string }>;
  output(): Output;
  /** A line for the person who watches a command that takes long. */
  print(line: string): void;
  /** The text of a file, or of standard input for `-`, without the line break at its end. */
  readText(file: string): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the person stops the command. */
  readonly signal?: AbortSignal;
  /** The command ends with this number unless something fails later. */
  setExitCode(code: number): void;
}

/** Options that every list has. */
export interface ListOptions {
  readonly limit?: number;
  readonly cursor?: string;
  readonly all?: boolean;
}

/** One page of a list, or with `--all` every page as one. */
export async function readList<T>(
  api: ApiClient,
  list: { readonly path: string; readonly query: Query },
  options: ListOptions,
): Promise<Page<T>> {
  const first = await api.get<Page<T>>(list.path, { ...list.query, limit: options.limit, cursor: options.cursor });
  if (options.all !== true) return first;
  const items = [...first.items];
  for (let cursor = first.nextCursor; cursor !== undefined; ) {
    const page: Page<T> = await api.get(list.path, { ...list.query, limit: options.limit, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  const { nextCursor: _last, ...rest } = first;
  return { ...rest, items };
}
