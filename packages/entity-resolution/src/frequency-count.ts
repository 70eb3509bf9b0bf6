import { FrequencyCounter, type FrequencyTables } from './frequencies.ts';
import { readName, soundOf } from './person-name.ts';
import type { Plan } from './plan.ts';
import { createValueTable } from './record-store.ts';
import { WordPool } from './word-pool.ts';

type Values = readonly (readonly string[])[];

/** Spaces whose values identify: without clusters, a value counts once per distinct name that uses it, not once per record. */
const identifying = /^(email|mailbox|phone|identifier)/;

/**
 * Counts how often values occur. `owners` names the cluster of every row, once there are clusters: then each cluster counts as one entity,
 * so that a value does not look common because its holder stands here many times.
 */
export function countFrequencies(plan: Plan, rows: readonly Values[], owners: Int32Array | null): FrequencyTables {
  const counter = new FrequencyCounter();
  const tables = plan.slots.map((slot) => createValueTable(slot, plan, new WordPool(), { of: () => 0 }));
  const signatureOf = signatures(plan);
  const sizes = owners === null ? null : clusterSizes(owners);
  const seen = new Set<string>();
  rows.forEach((values, row) => {
    const weight = owners === null || sizes === null ? 1 : 1 / (sizes[owners[row] as number] as number);
    const signature = owners === null ? signatureOf(values) : '';
    tables.forEach((table, slot) => {
      const found = values[slot] ?? [];
      if (found.length === 0) return;
      if (found.length === 1) {
        for (const [space, term] of table.terms(found[0] as string)) add(space, [term]);
        return;
      }
      const terms = new Map<string, Set<string>>();
      for (const value of found) {
        for (const [space, term] of table.terms(value)) {
          const known = terms.get(space);
          if (known === undefined) terms.set(space, new Set([term]));
          else known.add(term);
        }
      }
      for (const [space, words] of terms) add(space, [...words]);
    });

    function add(space: string, terms: readonly string[]): void {
      if (owners !== null || !identifying.test(space)) {
        counter.add(space, terms, weight);
        return;
      }
      for (const term of terms) {
        const key = `${space} ${term} ${signature}`;
        if (seen.has(key)) continue;
        seen.add(key);
        counter.add(space, [term], weight);
      }
    }
  });
  return counter.tables();
}

/** A rough name of the entity: records with different ones are hardly of one entity. */
function signatures(plan: Plan): (values: Values) => string {
  const nameSlot = plan.slots.findIndex((slot) => slot.kind === 'personName');
  const organisationSlot = plan.slots.findIndex((slot) => slot.kind === 'organisation');
  return (values) => {
    const name = nameSlot < 0 ? undefined : values[nameSlot]?.[0];
    if (name !== undefined) {
      const { given, family } = readName(name);
      return `${given[0]?.charAt(0) ?? ''}${soundOf(family.join(''))}`;
    }
    return organisationSlot < 0 ? '' : (values[organisationSlot]?.[0]?.split(' ')[0] ?? '');
  };
}

function clusterSizes(owners: Int32Array): Int32Array {
  const sizes = new Int32Array(owners.length);
  for (const owner of owners) sizes[owner] = (sizes[owner] as number) + 1;
  return sizes;
}
