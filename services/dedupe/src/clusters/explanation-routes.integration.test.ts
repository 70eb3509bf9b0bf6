import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { amara, createDedupeSchema, type OpenDedupe, openDedupe, population, ref } from '../dedupe-test-bed.ts';
import { prefersSvg } from './explanation-routes.ts';
import { goldenId } from './golden-id.ts';

let server: TestDatabase;
let database: Database;
let running: OpenDedupe;
let url: string;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createDedupeSchema(server);
  running = await openDedupe(database, 'e1');
  await running.train(population());
  await running.apply(running.personState('q001', 1, amara), running.personState('q002', 1, { ...amara, phone: '' }));
  url = `/v1/clusters/${goldenId('e1', ref('p000'))}/explanation`;
});

afterAll(async () => {
  await running.close();
  await database.close();
  await server.stop();
});

interface Answer {
  readonly pairs: readonly {
    readonly left: string;
    readonly right: string;
    readonly weight: number;
    readonly prior: number;
    readonly outcome: string;
    readonly summary: string;
    readonly sharedKeys: readonly string[];
    readonly rows: readonly { readonly weight: number; readonly termFrequencyWeight: number }[];
  }[];
  readonly merges: readonly { readonly meanWeight: number; readonly neededWeight: number; readonly summary: string }[];
}

describe('the explanation of a cluster', () => {
  test('has every pair with rows that add up, and the merges that built the cluster', async () => {
    expect(await running.duplicates()).toEqual([['p000', 'q001', 'q002']]);
    const { status, body } = await running.request<Answer>('GET', url);
    expect(status).toBe(200);
    expect(body.pairs).toHaveLength(3);
    for (const { rows, prior, weight } of body.pairs)
      expect(rows.reduce((sum, row) => sum + row.weight + row.termFrequencyWeight, prior)).toBe(weight);
    expect(body.merges).toHaveLength(2);
    for (const { meanWeight, neededWeight } of body.merges) expect(meanWeight).toBeGreaterThanOrEqual(neededWeight);
  });

  test('says of a record outside why it is not in it', async () => {
    const { body } = await running.request<Answer>('GET', `${url}?with=${encodeURIComponent(ref('p021'))}`);
    expect(body.pairs).toHaveLength(3);
    expect(body.pairs.every(({ left, right }) => [left, right].includes(ref('p021')))).toBe(true);
    for (const { outcome, summary } of body.pairs) {
      expect(outcome).toBe('no match');
      expect(summary).toMatch(/^They do not match: probability below .* Against it: (given|family) name different/);
    }
  });

  test('is a picture of the merges, or of the pair with a named record', async () => {
    const tree = await running.request<string>('GET', `${url}?format=svg`);
    expect(tree.status).toBe(200);
    expect(tree.body).toMatch(/^<svg [^>]*role="img"/);
    expect(tree.body).toContain('>sf Contact q001<');
    expect(tree.body).toContain('<title>How a cluster of 3 records was built</title>');
    const pair = await running.request<string>('GET', `${url}?format=svg&with=${encodeURIComponent(ref('q001'))}`);
    expect(pair.body).toMatch(/<title>[^<]*q001[^<]*: match weight/);
  });

  test('with a record that nobody knows is not there', async () => {
    expect((await running.request('GET', `${url}?with=sf:x:Contact:none`)).status).toBe(404);
  });
});

test('a picture comes only to those who ask for it by name', () => {
  expect(prefersSvg('image/svg+xml')).toBe(true);
  expect(prefersSvg('image/svg+xml;q=0.9, image/*')).toBe(true);
  for (const accept of [undefined, '*/*', 'application/json', 'text/html,image/svg+xml,*/*;q=0.8'])
    expect(prefersSvg(accept)).toBe(false);
});
