import { describe, expect, test } from '@jest/globals';
import { resolve, trainModel } from './index.ts';
import { createRandom } from './random.ts';
import type { InputRecord, Schema } from './schema.ts';

const schema: Schema = { entityKind: 'organisation', columns: [{ name: 'affiliation', kind: 'organisation' }] };

const syllables = 'bar bel cor dan fel gar hol kin lor mar nor pel quin ros sten tal ver wex yar zan'.split(' ');
const departments = ['Department of Computer Science', 'School of Engineering', 'Department of Electrical Engineering'];

/** 250 universities, each with one to nine affiliations, which name departments, towns and countries besides. */
function generate(): { records: InputRecord[]; universityOf: Map<string, number> } {
  const random = createRandom(5);
  const pick = (list: readonly string[]): string => list[random.below(list.length)] as string;
  const word = (): string => [0, 0, 0].map(() => pick(syllables)).join('');
  const records: InputRecord[] = [];
  const universityOf = new Map<string, number>();
  for (let university = 0; university < 250; university += 1) {
    const [name, town, country] = [word(), word(), pick(['USA', 'Germany', 'Canada', 'China', 'India'])];
    for (let copy = random.below(9); copy >= 0; copy -= 1) {
      const parts = [
        ...(random.below(2) === 0 ? [pick(departments)] : []),
        pick([`${name} University`, `University of ${name}`, `${name} Univ.`]),
        ...(random.below(2) === 0 ? [town] : []),
        ...(random.below(2) === 0 ? [country] : []),
      ];
      const id = `r${records.length}`;
      universityOf.set(id, university);
      records.push({ id, source: 'a', fields: { affiliation: parts.join(', ') } });
    }
  }
  return { records, universityOf };
}

describe('a table of one column', () => {
  test('is not taken together by words that many of its names have', async () => {
    const { records, universityOf } = generate();
    const { clusters } = await resolve(records, await trainModel(records, schema));
    const pairs = (size: number): number => (size * (size - 1)) / 2;
    let found = 0;
    let right = 0;
    for (const cluster of clusters) {
      found += pairs(cluster.length);
      for (const [, members] of Map.groupBy(cluster, (id) => universityOf.get(id))) right += pairs(members.length);
    }
    let wanted = 0;
    for (const [, members] of Map.groupBy(universityOf, ([, university]) => university))
      wanted += pairs(members.length);
    expect(right / found).toBeGreaterThan(0.9);
    expect(right / wanted).toBeGreaterThan(0.6);
  });
});
