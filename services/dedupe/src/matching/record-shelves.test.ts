import { beforeAll, expect, test } from '@jest/globals';
import { createMatcher, type Matcher, type MatchModel, type NormalRecord, trainModel } from '@kempt/entity-resolution';
import { schemas } from './entity-schema.ts';
import { createRecordShelves } from './record-shelves.ts';

const records = Array.from({ length: 40 }, (_, at) => ({
  id: `sf:1:Contact:${at}`,
  source: 'sf:1:Contact',
  fields: { given_name: `Ann${at % 7}`, family_name: `Marwex${at % 20}`, email: `ann${at % 20}@northwind.com` },
}));
let matchers: readonly Matcher[];
let normals: readonly NormalRecord[];

beforeAll(async () => {
  const model = await trainModel(records, schemas.person);
  matchers = ['a', 'b', 'c'].map((version) => createMatcher({ ...model, version } as MatchModel));
  normals = records.map((matchers[0] as Matcher).normalise);
});

const matcher = (at: number): Matcher => matchers[at] as Matcher;

test('a shelf belongs to one tenant and one model', () => {
  const shelves = createRecordShelves(1_000);
  const first = shelves.borrow('a', matcher(0)).shelf;
  expect(shelves.borrow('a', matcher(0)).shelf).toBe(first);
  expect(shelves.borrow('b', matcher(0)).shelf).not.toBe(first);
  expect(shelves.borrow('a', matcher(1)).shelf).not.toBe(first);
});

test('all shelves together stay bounded, and the one that was not asked for longest goes first', () => {
  const shelves = createRecordShelves(30);
  const fill = (at: number): void => {
    const { shelf, giveBack } = shelves.borrow('tenant', matcher(at));
    for (let number = 0; number < 25; number += 1) shelf.put(number, 1, normals[number] as NormalRecord);
    giveBack();
  };
  const keeps = (at: number): boolean => {
    const { shelf, giveBack } = shelves.borrow('tenant', matcher(at));
    giveBack();
    return shelf.versionOf(3) === 1;
  };
  fill(0);
  fill(1);
  expect(keeps(0)).toBe(true);
  fill(2);
  expect([keeps(2), keeps(0), keeps(1)]).toEqual([true, true, false]);
});

test('nothing is lost of a shelf that is borrowed, whoever borrows it besides or fills others', () => {
  const shelves = createRecordShelves(10);
  const { shelf, giveBack } = shelves.borrow('tenant', matcher(0));
  for (let number = 0; number < 40; number += 1) shelf.put(number, 1, normals[number] as NormalRecord);
  for (let round = 0; round < 5; round += 1)
    for (const at of [0, 1, 2]) {
      const other = shelves.borrow('tenant', matcher(at));
      for (let number = 40; number < 80; number += 1) other.shelf.put(number, 1, normals[number - 40] as NormalRecord);
      other.giveBack();
    }
  expect(shelves.borrow('tenant', matcher(0)).shelf).toBe(shelf);
  for (let number = 0; number < 40; number += 1) expect(shelf.versionOf(number)).toBe(1);
  giveBack();
});
