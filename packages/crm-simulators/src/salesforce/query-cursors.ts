import type { SimulatorClock } from '../clock.ts';
import type { Random } from '../random.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { QueryResult } from './soql-query.ts';

export type PagedResult = Extract<QueryResult, { kind: 'records' }>;

/** Results that are still being read page by page. */
export interface QueryCursors {
  /** Keeps a result and returns its locator. */
  open(result: PagedResult): string;
  /** The result and the position of a locator such as `0r8...-2000`, or throws INVALID_QUERY_LOCATOR. */
  find(locator: string): { readonly result: PagedResult; readonly locator: string; readonly position: number };
  /** Forgets every cursor, as if they were too old. */
  expireAll(): void;
}

const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');

/** Cursors live for `lifetimeMs`; past `capacity` the oldest one goes. */
export function createQueryCursors(options: {
  readonly clock: SimulatorClock;
  readonly random: Random;
  readonly lifetimeMs: number;
  readonly capacity: number;
}): QueryCursors {
  const cursors = new Map<string, { result: PagedResult; expiresAtMs: number }>();
  return {
    open(result) {
      const locator = `0r8${Array.from({ length: 15 }, () => options.random.pick(letters)).join('')}`;
      cursors.set(locator, { result, expiresAtMs: options.clock.now() + options.lifetimeMs });
      if (cursors.size > options.capacity) cursors.delete(cursors.keys().next().value as string);
      return locator;
    },
    find(text) {
      const match = /^([A-Za-z0-9]+)-(\d+)$/.exec(text);
      const locator = match?.[1] ?? '';
      const cursor = cursors.get(locator);
      if (match === null || cursor === undefined || cursor.expiresAtMs <= options.clock.now()) {
        throw new SalesforceError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
      }
      return { result: cursor.result, locator, position: Number(match[2]) };
    },
    expireAll: () => cursors.clear(),
  };
}
