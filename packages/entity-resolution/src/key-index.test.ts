import { afterEach, expect, test } from '@jest/globals';
import type { BlockIndex } from './block-index.ts';
import { createBlocker } from './blocking.ts';
import { alone, type Crew } from './crew.ts';
import { createRarities } from './frequencies.ts';
import { FrequencyCount } from './frequency-count.ts';
import { KeyIndex } from './key-index.ts';
import { createPace } from './pace.ts';
import { createCrew, type ThreadCrew } from './parallel/index.ts';
import { prepareRecords, type RecordTable } from './record-table.ts';
import { blockIndexOf } from './test-block-index.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

const crews: ThreadCrew[] = [];
afterEach(async () => {
  await Promise.all(crews.splice(0).map((crew) => crew.end()));
});

function everyCrew(): Crew[] {
  crews.push(...[1, 2, 3].map((workers) => createCrew({ workers })));
  return [alone, ...crews];
}

/** By row, its blocks by their members and their kind, in the order of its keys. */
function contentOf({ starts, members, rowStarts, blocks, kinds }: BlockIndex): string[][] {
  return Array.from({ length: rowStarts.length - 1 }, (_, row) =>
    Array.from(
      blocks.subarray(rowStarts[row], rowStarts[row + 1]),
      (block) => `${kinds[block]}: ${members.subarray(starts[block], starts[block + 1]).join(' ')}`,
    ),
  );
}

async function contacts(): Promise<RecordTable> {
  // More rows than a thread takes at once, some with several values.
  const { records } = generateContacts(900, 11);
  return prepareRecords(
    records.map((record, at) =>
      at % 9 === 0 ? { ...record, fields: { ...record.fields, email: ['a@b.com', `${at}@b.com`] } } : record,
    ),
    contactSchema,
  );
}

test('an index of the keys that several rows have is the index of all keys, whoever makes it', async () => {
  const { plan, store } = await contacts();
  expect(store.rows).toBeGreaterThan(1_100);
  const frequencies = new FrequencyCount(plan, store).byRecord();
  const rarities = createRarities(frequencies);
  const hashesBy = (stopKeys: readonly number[]): number[][] => {
    const blocker = createBlocker(plan, rarities, stopKeys);
    return Array.from({ length: store.rows }, (_, row) => [...blocker.hashes(store.valuesOf(row))]);
  };
  const whole = blockIndexOf(hashesBy([]));
  const sizes = Array.from({ length: whole.starts.length - 1 }, (_, block) => blockSize(whole, block));
  const limits = [50, 10, 4];
  for (const crew of everyCrew()) {
    const pace = createPace({});
    const options = { frequencies, crew, pace, limits };
    const keys = await KeyIndex.of(store, { ...options, stopKeys: [], joins: true });
    limits.forEach((limit, at) => {
      const pairs = sizes.filter((size) => size <= limit).reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
      expect(keys.costUpTo(at)).toBe(pairs);
      expect(keys.hashesAbove(limit)).toHaveLength(sizes.filter((size) => size > limit).length);
    });
    const common = keys.hashesAbove(10);
    const stopKeys = [...common, ...(await keys.join(10))];
    expect(stopKeys.length).toBeGreaterThan(common.length);
    const joined = contentOf(blockIndexOf(hashesBy(stopKeys), 10));
    expect(contentOf(keys.build())).toEqual(joined);
    const alike = await KeyIndex.of(store, { ...options, stopKeys: [], joins: false });
    expect(contentOf(alike.build())).toEqual(contentOf(whole));
    const again = await KeyIndex.of(store, { ...options, stopKeys, limits: [], joins: false });
    expect(contentOf(again.build())).toEqual(joined);
  }
});

function blockSize({ starts }: BlockIndex, block: number): number {
  return (starts[block + 1] as number) - (starts[block] as number);
}
