import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ClusterStep } from './clustering.ts';
import { historyOf, type MatchModel, type Resolution, resolve, trainModel } from './index.ts';
import { createRandom } from './random.ts';
import type { InputRecord, Schema } from './schema.ts';

const schema: Schema = { entityKind: 'organisation', columns: [{ name: 'name', kind: 'organisation' }] };

const syllables = 'bar bel cor dan fel gar hol kin lor mar nor pel quin ros sten tal ver wex yar zan'.split(' ');

/** 300 companies in three spellings each; every fourth one is written down in each of them forty times. */
function generate(): { records: InputRecord[]; companyOf: Map<string, number> } {
  const random = createRandom(7);
  const word = (): string => [0, 0, 0].map(() => syllables[random.below(syllables.length)]).join('');
  const records: InputRecord[] = [];
  const companyOf = new Map<string, number>();
  for (let company = 0; company < 300; company += 1) {
    const [first, second] = [word(), word()];
    const slip = `${first.slice(0, 4)}${first.charAt(5)}${first.charAt(4)}${first.slice(6)}`;
    const copies = company % 4 === 0 ? 40 : 1;
    for (const name of [
      `${first} ${second} Inc`,
      `${first.toUpperCase()} ${second.toUpperCase()}, INC.`,
      `${slip} ${second}`,
    ])
      for (let copy = 0; copy < copies; copy += 1) {
        const id = `r${records.length}`;
        companyOf.set(id, company);
        records.push({ id, source: 'a', fields: { name } });
      }
  }
  return { records, companyOf };
}

describe('names that are written down many times', () => {
  const { records, companyOf } = generate();
  let model: MatchModel;
  let found: Resolution;
  const steps: ClusterStep[] = [];

  beforeAll(async () => {
    model = await trainModel(records, schema);
    found = await resolve(records, model, { onStep: (step) => steps.push(step) });
  });

  test('are one organisation, with all its spellings', () => {
    const whole = Map.groupBy(companyOf, ([, company]) => company);
    const complete = found.clusters.filter(
      (cluster) => cluster.length === whole.get(companyOf.get(cluster[0] as string) as number)?.length,
    );
    expect(complete.length).toBeGreaterThan(300 * 0.97);
    expect(found.clusters.filter((cluster) => new Set(cluster.map((id) => companyOf.get(id))).size > 1)).toEqual([]);
  });

  test('are found whatever the order of the records', async () => {
    const turned = records.toReversed();
    const again = await resolve(turned, await trainModel(turned, schema));
    expect(again.clusters).toEqual(found.clusters);
    expect(again.edges).toEqual(found.edges);
  });

  test('have edges and a history that hold every record of a cluster together', () => {
    const large = found.clusters.find((cluster) => cluster.length > 100) as string[];
    const { merges } = historyOf(large, steps);
    expect(merges).toHaveLength(large.length - 1);
    const linked = new Set(found.edges.flatMap(({ a, b }) => [a, b]));
    expect(large.filter((id) => !linked.has(id))).toEqual([]);
  });

  test('stay apart where somebody said so', async () => {
    const [a, b] = records.slice(0, 2).map(({ id }) => id) as [string, string];
    const { clusters } = await resolve(records, model, { cannotLink: [[a, b]] });
    expect(clusters.some((cluster) => cluster.includes(a) && cluster.includes(b))).toBe(false);
  });
});
