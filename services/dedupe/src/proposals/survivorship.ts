import { surviveField } from '@kempt/entity-resolution';
import { customRule, type FieldRule, type MasterRule, type SurvivorshipPolicy } from './survivorship-policy.ts';
import { isList, saysTheSame, type VendorRecord, type VendorValue, vendorReading } from './vendor-value.ts';

/** A field of the survivor that comes from another record than the master. */
export interface FieldChoice {
  readonly field: string;
  readonly value: VendorValue;
  /** The record that the value comes from. */
  readonly from: string;
  readonly policy: FieldRule;
}

/** What a merge should come to. */
export interface Survivorship {
  readonly master: string;
  /** Sorted. */
  readonly losers: readonly string[];
  /** Sorted by field. */
  readonly choices: readonly FieldChoice[];
  /** Why the master is the master, for people. */
  readonly reason: string;
}

/**
 * Chooses the master and the fields of the survivor. The answer depends on the records only, not on their order.
 * @param records at least two, with different refs
 */
export function chooseSurvivor(policy: SurvivorshipPolicy, records: readonly VendorRecord[]): Survivorship {
  const ranked = records.map((record) => describe(policy, record)).toSorted(byRank(policy));
  const [master, ...others] = ranked as [Described, ...Described[]];
  const optedOut = ranked.filter((record) => record.optedOut.length > 0);
  const notes = [`${idOf(master.ref)} is the master: ${masterReason(policy, master, others[0] as Described)}`];
  if (optedOut.length > 0 && optedOut.length < ranked.length) {
    const fields = [...new Set(optedOut.flatMap((record) => record.optedOut))].toSorted();
    notes.push(
      `${fields.join(', ')} is set on ${optedOut.map((record) => idOf(record.ref)).join(', ')} only and stays set`,
    );
  }
  return {
    master: master.ref,
    losers: others.map((record) => record.ref).toSorted(),
    choices: fieldChoices(policy, ranked),
    reason: notes.join('; '),
  };
}

interface Described extends VendorRecord {
  readonly filled: number;
  readonly createdMs: number;
  /** Consent fields that say true. */
  readonly optedOut: readonly string[];
}

function describe(policy: SurvivorshipPolicy, record: VendorRecord): Described {
  const optedOut: string[] = [];
  let filled = 0;
  for (const field in record.fields) {
    const value = record.fields[field] as VendorValue;
    const rule = ruleOf(policy, field, isList(value));
    if (rule === 'strictest' && value === true) optedOut.push(field);
    // A checkbox always has a value, so it tells nothing of how well a record is kept.
    if (rule !== undefined && typeof value !== 'boolean') filled += 1;
  }
  return { ...record, filled, createdMs: instantOf(record.fields[policy.createdField]), optedOut };
}

function instantOf(value: VendorValue | undefined): number {
  if (typeof value === 'object' && 'timestamp' in value) return Date.parse(value.timestamp);
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? Number.MAX_SAFE_INTEGER : parsed;
}

const comparisons: Readonly<Record<MasterRule, (left: Described, right: Described) => number>> = {
  'opted-out': (left, right) => Number(right.optedOut.length > 0) - Number(left.optedOut.length > 0),
  'most-filled': (left, right) => right.filled - left.filled,
  oldest: (left, right) => left.createdMs - right.createdMs,
  'lowest-id': (left, right) => compareIds(idOf(left.ref), idOf(right.ref)),
};

function byRank(policy: SurvivorshipPolicy): (left: Described, right: Described) => number {
  return (left, right) => {
    for (const rule of policy.master) {
      const order = comparisons[rule](left, right);
      if (order !== 0) return order;
    }
    return compareIds(left.ref, right.ref);
  };
}

function masterReason(policy: SurvivorshipPolicy, master: Described, next: Described): string {
  const deciding = policy.master.find((rule) => comparisons[rule](master, next) !== 0);
  switch (deciding) {
    case 'opted-out':
      return 'it opted out, and the CRM does not let an opt-out be carried over';
    case 'most-filled':
      return `it has most fields filled (${master.filled}, the next one ${next.filled})`;
    case 'oldest':
      return 'it is the oldest of those with as many fields filled';
    default:
      return 'it has the lowest id of those that are equally old and as well filled';
  }
}

/** Ids of HubSpot are numbers of different lengths: a shorter one is lower. Ids of Salesforce all have one length. */
function compareIds(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

function idOf(ref: string): string {
  return ref.slice(ref.lastIndexOf(':') + 1);
}

function ruleOf(policy: SurvivorshipPolicy, field: string, list: boolean): FieldRule | undefined {
  const named = policy.fields[field];
  if (named !== undefined) return named;
  if (policy.groups.some((group) => group.includes(field))) return 'filled';
  return customRule(policy, field, list);
}

function fieldChoices(policy: SurvivorshipPolicy, ranked: readonly Described[]): FieldChoice[] {
  const master = ranked[0] as Described;
  const grouped = new Set(policy.groups.flat());
  const names = new Set(ranked.flatMap((record) => Object.keys(record.fields)));
  const choices: FieldChoice[] = [];
  for (const field of [...names].toSorted()) {
    if (grouped.has(field)) continue;
    const rule = ruleOf(
      policy,
      field,
      ranked.some((record) => isList(record.fields[field] ?? '')),
    );
    if (rule === undefined) continue;
    const chosen = choose(ranked, field, rule);
    // Files cannot be written by a change set.
    if (chosen === undefined || isFile(chosen.value) || saysTheSame(chosen.value, master.fields[field])) continue;
    choices.push({ field, value: chosen.value, from: chosen.from, policy: rule });
  }
  for (const group of policy.groups) choices.push(...groupChoices(group, ranked));
  return choices.toSorted((left, right) => (left.field < right.field ? -1 : 1));
}

/** An address is never put together of two: the master's stays when it has any part of it. */
function groupChoices(group: readonly string[], ranked: readonly Described[]): FieldChoice[] {
  const source = ranked.find((record) => group.some((field) => field in record.fields));
  if (source === undefined || source === ranked[0]) return [];
  return group
    .filter((field) => field in source.fields)
    .map((field) => ({ field, value: source.fields[field] as VendorValue, from: source.ref, policy: 'filled' }));
}

interface Chosen {
  readonly value: VendorValue;
  readonly from: string;
}

/** The value that a rule chooses, the records taken in their order, the master first. Of a union the record that added the last value. */
function choose(ranked: readonly Described[], field: string, rule: FieldRule): Chosen | undefined {
  const found = surviveField(
    ranked.map(({ ref, modifiedMs, fields }) => ({ id: ref, source: ref, modifiedMs, fields })),
    field,
    { policy: rule, reading: vendorReading },
  );
  const from = rule === 'union' ? found?.from.at(-1) : found?.from[0];
  return found === undefined || from === undefined ? undefined : { value: found.value, from };
}

function isFile(value: VendorValue): boolean {
  return typeof value === 'object' && 'base64' in value;
}
