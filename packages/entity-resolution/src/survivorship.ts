/**
 * How the values of one field of several records become one:
 * - `filled`: the first record that has a value, in the order of the records;
 * - `verified`: those whose value was verified, where any was;
 * - `source`: those of the source that is trusted most, where the policy ranks sources;
 * - `most-recent`: those that were modified last;
 * - `most-frequent`: the value that most different sources have (three records of one source are one voice);
 * - `longest`: the longest text; what is no text is left out;
 * - `union`: every value of all lists, each once;
 * - `strictest`: yes as soon as one says yes, for consent; none says yes: nothing is chosen.
 */
export type SurvivorshipRule =
  | 'filled'
  | 'verified'
  | 'source'
  | 'most-recent'
  | 'most-frequent'
  | 'longest'
  | 'union'
  | 'strictest';

/** A record of a cluster, with the fields that it has a value for. */
export interface SurvivorRecord<V> {
  readonly id: string;
  readonly source: string;
  readonly modifiedMs: number;
  readonly fields: Readonly<Record<string, V>>;
  /** Fields whose value somebody or something has verified. */
  readonly verified?: readonly string[];
  /** Fields whose value a person has fixed: it is never overwritten. */
  readonly pinned?: readonly string[];
}

/** What the rules need to know of values. */
export interface ValueReading<V> {
  /** Equal for values that say the same. */
  keyOf(value: V): string;
  /** Letters of a text; undefined for what is no text. */
  lengthOf(value: V): number | undefined;
  /** The single values of a list, or the value itself. */
  itemsOf(value: V): readonly V[];
  listOf(items: readonly V[]): V;
  isYes(value: V): boolean;
}

export type PlainFieldValue = string | number | boolean | readonly string[];

/** Texts are compared without regard to case and to space around them. */
export const plainValues: ValueReading<PlainFieldValue> = {
  keyOf: (value) => (typeof value === 'string' ? foldText(value) : JSON.stringify(value)),
  lengthOf: (value) => (typeof value === 'string' ? value.trim().length : undefined),
  itemsOf: (value) => (Array.isArray(value) ? (value as readonly string[]) : [value]),
  listOf: (items) => items.map(String),
  isYes: (value) => value === true,
};

export function foldText(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

/** The value of one field of the survivor, and where it comes from. */
export interface SurvivingValue<V> {
  readonly value: V;
  /** Ids of the records that have this value, the one it is taken from first; of a union those that contributed, in order. */
  readonly from: readonly string[];
  /** The rule that decided. */
  readonly rule: SurvivorshipRule | 'pinned';
  /** What was not chosen, and who has it. */
  readonly others: readonly { readonly value: V; readonly from: readonly string[] }[];
}

/** A rule, or several of which each decides among what the one before it left open. */
export type FieldPolicy = SurvivorshipRule | readonly SurvivorshipRule[];

export interface SurvivorshipPolicy {
  readonly fields: Readonly<Record<string, FieldPolicy>>;
  /** For fields that are not named; without it they are left out. */
  readonly otherwise?: FieldPolicy;
  /** Sources, the most trusted first; those not named come last. */
  readonly sources?: readonly string[];
  /** Fields that only mean something together, such as an address: all of them come from the record that has most of them. */
  readonly groups?: readonly (readonly string[])[];
}

interface ChoiceOptions<V> {
  readonly policy: FieldPolicy;
  readonly reading: ValueReading<V>;
  readonly sources?: readonly string[];
}

/**
 * Makes one record of the records of a cluster, with the origin of every value. The answer depends on the records only, not on their order:
 * where no rule decides, the more trusted source goes first, then the record modified last, then the lower id.
 */
export function survive<V = PlainFieldValue>(
  records: readonly SurvivorRecord<V>[],
  policy: SurvivorshipPolicy,
  reading: ValueReading<V> = plainValues as unknown as ValueReading<V>,
): Record<string, SurvivingValue<V>> {
  const { sources = [], groups = [] } = policy;
  const ranked = records.toSorted(
    (a, b) =>
      rankOf(sources, a.source) - rankOf(sources, b.source) ||
      b.modifiedMs - a.modifiedMs ||
      (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
  const grouped = new Map(groups.flatMap((group) => group.map((field) => [field, group] as const)));
  const fields = [...new Set(ranked.flatMap((record) => Object.keys(record.fields)))].toSorted();
  const survivor: [string, SurvivingValue<V>][] = [];
  for (const field of fields) {
    const own = Object.hasOwn(policy.fields, field) ? policy.fields[field] : policy.otherwise;
    const group = grouped.get(field);
    if (own === undefined && group === undefined) continue;
    const from = group === undefined ? ranked : byCompleteness(ranked, group);
    const found = surviveField(from, field, {
      policy: group === undefined ? (own as FieldPolicy) : 'filled',
      reading,
      sources,
    });
    // A group is never put together of two records: what its source leaves blank stays blank.
    if (found !== undefined && (group === undefined || found.rule === 'pinned' || found.from[0] === from[0]?.id))
      survivor.push([field, found]);
  }
  return Object.fromEntries(survivor);
}

/** One field of the survivor. `ranked` are all records, in the order that counts where the rules leave several. */
export function surviveField<V>(
  ranked: readonly SurvivorRecord<V>[],
  field: string,
  { policy, reading, sources = [] }: ChoiceOptions<V>,
): SurvivingValue<V> | undefined {
  const holders = ranked.flatMap((record): Holder<V>[] =>
    Object.hasOwn(record.fields, field)
      ? [{ record, value: record.fields[field] as V, key: reading.keyOf(record.fields[field] as V) }]
      : [],
  );
  const pinned = holders.filter(({ record }) => record.pinned?.includes(field) === true);
  const newest = Math.max(...pinned.map(({ record }) => record.modifiedMs));
  const fixed = pinned.find(({ record }) => record.modifiedMs === newest);
  if (fixed !== undefined) return chosen(holders, fixed, 'pinned');
  const rules: readonly SurvivorshipRule[] = typeof policy === 'string' ? [policy] : policy;
  let open = holders;
  for (const rule of rules) {
    if (rule === 'union') return union(open, holders, reading);
    if (rule === 'strictest') {
      const yes = open.find(({ value }) => reading.isYes(value));
      return yes === undefined ? undefined : chosen(holders, yes, rule);
    }
    const before = distinct(open);
    open = narrow(open, rule, { field, reading, sources });
    if (open.length === 0) return undefined;
    if (before > 1 && distinct(open) === 1) return chosen(holders, open[0] as Holder<V>, rule);
  }
  const first = open[0];
  return first === undefined
    ? undefined
    : chosen(holders, first, rules.length === 1 ? (rules[0] as SurvivorshipRule) : 'filled');
}

interface Holder<V> {
  readonly record: SurvivorRecord<V>;
  readonly value: V;
  readonly key: string;
}

function distinct(holders: readonly Holder<unknown>[]): number {
  return new Set(holders.map(({ key }) => key)).size;
}

function narrow<V>(
  open: readonly Holder<V>[],
  rule: Exclude<SurvivorshipRule, 'union' | 'strictest'>,
  {
    field,
    reading,
    sources,
  }: { readonly field: string; readonly reading: ValueReading<V>; readonly sources: readonly string[] },
): Holder<V>[] {
  switch (rule) {
    case 'filled':
      return open.slice(0, 1);
    case 'verified': {
      const verified = open.filter(({ record }) => record.verified?.includes(field) === true);
      return verified.length === 0 ? [...open] : verified;
    }
    case 'source':
      return best(open, ({ record }) => -rankOf(sources, record.source));
    case 'most-recent':
      return best(open, ({ record }) => record.modifiedMs);
    case 'most-frequent': {
      const voices = new Map<string, Set<string>>();
      for (const { key, record } of open) voices.set(key, (voices.get(key) ?? new Set()).add(record.source));
      return best(open, ({ key }) => voices.get(key)?.size ?? 0);
    }
    case 'longest':
      return best(
        open.filter(({ value }) => reading.lengthOf(value) !== undefined),
        ({ value }) => reading.lengthOf(value) ?? 0,
      );
  }
}

function best<T>(items: readonly T[], worth: (item: T) => number): T[] {
  const most = items.reduce((highest, item) => Math.max(highest, worth(item)), Number.NEGATIVE_INFINITY);
  return items.filter((item) => worth(item) === most);
}

function rankOf(sources: readonly string[], source: string): number {
  const at = sources.indexOf(source);
  return at < 0 ? sources.length : at;
}

function byCompleteness<V>(ranked: readonly SurvivorRecord<V>[], group: readonly string[]): SurvivorRecord<V>[] {
  const filled = (record: SurvivorRecord<V>): number =>
    group.filter((field) => Object.hasOwn(record.fields, field)).length;
  return ranked.toSorted((a, b) => filled(b) - filled(a));
}

function chosen<V>(
  holders: readonly Holder<V>[],
  { record, value, key }: Holder<V>,
  rule: SurvivingValue<V>['rule'],
): SurvivingValue<V> {
  const from = holders.filter((holder) => holder.key === key && holder.record.id !== record.id);
  return {
    value,
    from: [record.id, ...from.map((holder) => holder.record.id)],
    rule,
    others: othersOf(holders, new Set([key])),
  };
}

function union<V>(
  open: readonly Holder<V>[],
  holders: readonly Holder<V>[],
  reading: ValueReading<V>,
): SurvivingValue<V> | undefined {
  const items = new Map<string, V>();
  const from: string[] = [];
  for (const { record, value } of open) {
    const fresh = reading.itemsOf(value).filter((item) => !items.has(reading.keyOf(item)));
    for (const item of fresh) if (!items.has(reading.keyOf(item))) items.set(reading.keyOf(item), item);
    if (fresh.length > 0) from.push(record.id);
  }
  if (items.size === 0) return undefined;
  const left = holders.filter((holder) => !open.includes(holder));
  return { value: reading.listOf([...items.values()]), from, rule: 'union', others: othersOf(left, new Set()) };
}

function othersOf<V>(holders: readonly Holder<V>[], taken: ReadonlySet<string>): SurvivingValue<V>['others'] {
  const others = new Map<string, { value: V; from: string[] }>();
  for (const { key, value, record } of holders) {
    if (taken.has(key)) continue;
    const known = others.get(key);
    if (known === undefined) others.set(key, { value, from: [record.id] });
    else known.from.push(record.id);
  }
  return [...others.values()];
}
