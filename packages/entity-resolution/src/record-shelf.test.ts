import { beforeAll, expect, test } from '@jest/globals';
import { createMatcher, type Matcher, type NormalRecord, trainModel } from './index.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

const { records } = generateContacts(60, 7);
const foreign = { id: 'p0-9 Öçı漢字😀', source: 'right', fields: { first: '漢字', last: 'Ståhl', email: 'x@ящик.рф' } };
let matcher: Matcher;
let normals: readonly NormalRecord[];

beforeAll(async () => {
  matcher = createMatcher(await trainModel(records, contactSchema));
  normals = [...records, foreign].map(matcher.normalise);
});

/** What the shelf has to say of two records by the matcher itself. */
function expected(left: number, right: number, floor: number) {
  const { weight, probability, conflict } = matcher.score(
    normals[left] as NormalRecord,
    normals[right] as NormalRecord,
  );
  return conflict || weight < floor ? null : { weight, probability };
}

test('a shelf weighs every pair as the matcher does, whichever comes first', () => {
  const shelf = matcher.shelf(1_000);
  normals.forEach((normal, number) => shelf.put(number, 1, normal));
  for (const floor of [Number.NEGATIVE_INFINITY, -3, 0])
    for (let left = 0; left < normals.length; left += 1)
      for (let right = 0; right < normals.length; right += 1)
        if (left !== right) expect(shelf.match(left, right, floor)).toEqual(expected(left, right, floor));
  expect(normals.map((_, number) => shelf.idOf(number))).toEqual(normals.map(({ id }) => id));
});

test('a record that is only asked about is weighed as one that is kept, and is not kept', () => {
  const shelf = matcher.shelf(1_000);
  normals.forEach((normal, number) => {
    if (number > 0) shelf.put(number, 1, normal);
  });
  const others = normals.slice(1).map((_, at) => at + 1);
  expect(shelf.matchesOf(normals[0] as NormalRecord, others, -3)).toEqual(
    others.map((other) => expected(0, other, -3)),
  );
  expect(shelf.versionOf(0)).toBe(0);
});

test('nothing that was put is lost until room is made twice, and what is asked for meanwhile stays', () => {
  const shelf = matcher.shelf(20);
  normals.forEach((normal, number) => shelf.put(number, 1, normal));
  shelf.begin();
  const kept = normals.flatMap((_, number) => (shelf.versionOf(number) === 1 ? [number] : []));
  expect(kept).toHaveLength(normals.length);
  // Taken over from the older part, a record weighs what it did.
  for (let right = 1; right < 12; right += 1) expect(shelf.match(0, right, 0)).toEqual(expected(0, right, 0));
  expect(shelf.match(3, normals.length - 1, -99)).toEqual(expected(3, normals.length - 1, -99));
  shelf.begin();
  const left = normals.flatMap((_, number) => (shelf.versionOf(number) === 1 ? [number] : []));
  expect(left).toEqual([...Array.from({ length: 12 }, (_, at) => at), normals.length - 1]);
  expect(() => shelf.match(0, 20, 0)).toThrow('record 20 is not on the shelf');
});

test('a shelf stays bounded however many records and versions come by, and tells the newest version', () => {
  const shelf = matcher.shelf(50);
  let most = 0;
  for (let version = 1; version <= 40; version += 1) {
    for (let number = 0; number < 30; number += 1) {
      shelf.begin();
      shelf.put(number, version, normals[(number + version) % normals.length] as NormalRecord);
      most = Math.max(most, shelf.rows);
    }
    expect(shelf.versionOf(29)).toBe(version);
  }
  expect(most).toBeLessThanOrEqual(2 * 50);
});
