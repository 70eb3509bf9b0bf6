/** What happens to a request that a fault hits. With `handle: true` the request takes effect and only its answer is lost. */
export type FaultEffect =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly handle?: boolean;
    }
  /** One of the vendor's own unhappy answers, by name; see the vendor's list of named faults. */
  | { readonly kind: 'named'; readonly name: string; readonly handle?: boolean }
  /** The answer comes late. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Headers promise the whole body, then the connection breaks after this share of it (default one half). */
  | { readonly kind: 'truncate'; readonly share?: number }
  /** The body is cut, but its length is declared as cut: well-formed HTTP around broken JSON. */
  | { readonly kind: 'cut-json'; readonly share?: number }
  /** The connection is closed without an answer. */
  | { readonly kind: 'disconnect'; readonly handle?: boolean }
  /** No answer ever comes; the connection stays open. */
  | { readonly kind: 'stall' };

/** A fault in plain data, so that it can be injected in process or over the control API. */
export interface Fault {
  /** Upper-case method; absent for every method. */
  readonly method?: string;
  /** Source of a regular expression tried on the path with its query string. */
  readonly path: string;
  /** Source of a regular expression tried on the request body. */
  readonly body?: string;
  /** How many matching requests are left alone first. Default 0. */
  readonly skip?: number;
  /** How many matching requests are hit after that. Default 1; `-1` for all. */
  readonly times?: number;
  readonly effect: FaultEffect;
}

export interface InjectedFault {
  readonly id: number;
  readonly fault: Fault;
  /** Requests hit so far. */
  readonly hits: number;
  /** Requests still to be hit; Infinity when the fault stays. */
  readonly remaining: number;
}

export interface FaultPlan {
  /** Adds a fault after the ones already there and returns its number. */
  inject(fault: Fault): number;
  remove(id: number): boolean;
  clear(): void;
  list(): readonly InjectedFault[];
  /** The effect of the first fault that hits this request, counting it; null when none does. */
  take(request: { readonly method: string; readonly url: string; readonly body: () => string }): FaultEffect | null;
}

export function createFaultPlan(): FaultPlan {
  interface Entry {
    id: number;
    fault: Fault;
    path: RegExp;
    body: RegExp | null;
    skip: number;
    hits: number;
    remaining: number;
  }
  let entries: Entry[] = [];
  let lastId = 0;
  return {
    inject(fault) {
      lastId += 1;
      entries.push({
        id: lastId,
        fault,
        path: new RegExp(fault.path),
        body: fault.body === undefined ? null : new RegExp(fault.body),
        skip: fault.skip ?? 0,
        hits: 0,
        remaining: (fault.times ?? 1) < 0 ? Number.POSITIVE_INFINITY : (fault.times ?? 1),
      });
      return lastId;
    },
    remove(id) {
      const before = entries.length;
      entries = entries.filter((entry) => entry.id !== id);
      return entries.length < before;
    },
    clear() {
      entries = [];
    },
    list: () => entries.map(({ id, fault, hits, remaining }) => ({ id, fault, hits, remaining })),
    take(request) {
      for (const entry of entries) {
        if (entry.remaining <= 0) continue;
        if (entry.fault.method !== undefined && entry.fault.method !== request.method) continue;
        if (!entry.path.test(request.url)) continue;
        if (entry.body !== null && !entry.body.test(request.body())) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.remaining -= 1;
        entry.hits += 1;
        return entry.fault.effect;
      }
      return null;
    },
  };
}
