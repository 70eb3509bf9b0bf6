import type { SurvivorshipPolicy } from './survivorship-policy.ts';
import type { VendorRecord, VendorValue } from './vendor-value.ts';

/**
 * Why a proposal that no guard holds back must not be applied without a look:
 * - `gate`: the precision of such merges is not shown by verdicts yet;
 * - `weak-pair`: two of the records are not probable enough to be the same, or were never compared;
 * - `consent`: the records differ in whether one may write to the person;
 * - `owners`: the records belong to different people.
 */
export type Hindrance = 'gate' | 'weak-pair' | 'consent' | 'owners';

export interface HindranceContext {
  readonly gateOpen: boolean;
  /** Smallest match probability of any two of the records; 0 when two were never compared. */
  readonly weakestPair: number;
  readonly probabilityMin: number;
}

/** The first thing that speaks against applying the merge without a look; undefined when nothing does. */
export function hindranceOf(
  policy: SurvivorshipPolicy,
  records: readonly VendorRecord[],
  { gateOpen, weakestPair, probabilityMin }: HindranceContext,
): Hindrance | undefined {
  if (weakestPair < probabilityMin) return 'weak-pair';
  const consents = Object.entries(policy.fields)
    .filter(([, rule]) => rule === 'strictest')
    .map(([field]) => field);
  if (consents.some((field) => new Set(records.map((record) => record.fields[field] === true)).size > 1)) {
    return 'consent';
  }
  if (
    new Set(records.map((record) => textOf(record.fields[policy.ownerField])).filter((owner) => owner !== '')).size > 1
  ) {
    return 'owners';
  }
  return gateOpen ? undefined : 'gate';
}

function textOf(value: VendorValue | undefined): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && 'decimal' in value ? value.decimal : '';
}
