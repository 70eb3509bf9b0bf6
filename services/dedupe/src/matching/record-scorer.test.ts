import { expect, test } from '@jest/globals';
import type { Matcher, NormalRecord } from '@kempt/entity-resolution';
import { createNormalCache, type NumberedRecord } from './record-scorer.ts';

const record = (recordNo: number, version = 1): NumberedRecord => ({
  recordNo,
  ref: `sf:1:Contact:${recordNo}`,
  version,
  fields: { family_name: 'Marwexman' },
});

/** A matcher of which only normalising is asked; it tells what it was asked for. */
function countingMatcher(version: string) {
  const asked: string[] = [];
  const matcher = {
    model: { version },
    normalise: ({ id, source }: NormalRecord): NormalRecord => {
      asked.push(id);
      return { id, source, values: [] };
    },
  } as unknown as Matcher;
  return { matcher, asked };
}

test('a form is made once for each version of a record', () => {
  const { matcher, asked } = countingMatcher('a');
  const forms = createNormalCache(10).formsOf('tenant', matcher);
  const first = forms.of(record(1));
  expect(forms.of(record(1))).toBe(first);
  expect(forms.kept(1)?.normal).toBe(first);
  expect(forms.of(record(1, 2))).not.toBe(first);
  expect(asked).toHaveLength(2);
});

test('no more forms are kept than are allowed, whatever tenants ask, and those that were used lately stay longer', () => {
  const cache = createNormalCache(100);
  const of = (tenant: string) => cache.formsOf(tenant, countingMatcher('a').matcher);
  const kept = (tenant: string) => Array.from({ length: 3_000 }, (_, at) => at).filter((at) => of(tenant).kept(at));
  for (let at = 0; at < 100; at += 1) of('small').of(record(at));
  expect(of('small').kept(7)).toBeDefined();
  for (let at = 0; at < 2_000; at += 1) {
    of('large').of(record(at));
    of('large').kept(5);
  }
  expect(kept('small')).toEqual([]);
  expect(kept('large')).toHaveLength(100);
  expect(kept('large')).toContain(5);
});

test('making room takes the same time however many forms came and went', () => {
  const { matcher } = countingMatcher('a');
  const secondsFor = (entries: number): number => {
    const forms = createNormalCache(entries).formsOf('tenant', matcher);
    for (let at = 0; at < entries; at += 1) forms.of(record(at));
    const begun = performance.now();
    for (let at = 0; at < 100_000; at += 1) forms.of(record(entries + at));
    return (performance.now() - begun) / 1_000;
  };
  secondsFor(1_000);
  // Where every look began at the first entry, it was twenty times as long.
  expect(secondsFor(200_000)).toBeLessThan(8 * secondsFor(1_000));
});
