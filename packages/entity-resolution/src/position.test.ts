import { describe, expect, test } from '@jest/globals';
import { createMatcher, inferSchema, resolve, trainModel } from './index.ts';
import { kmBetween, parsePosition, parsePositionText, readPosition, writePosition } from './position.ts';
import { createRandom } from './random.ts';
import type { InputRecord } from './schema.ts';

describe('positions', () => {
  test.each([
    ['48.137, 11.575', '48.13700,11.57500'],
    ['geo:48.137,11.575', '48.13700,11.57500'],
    ['POINT(11.575 48.137)', '48.13700,11.57500'],
    ['[-33.9; 18.4]', '-33.90000,18.40000'],
    ['33.9° S 18.4° E', null],
    ['0, 0', null],
    ['91, 10', null],
    ['somewhere', null],
  ])('%j is read as %j', (raw, normal) => {
    const position = parsePositionText(raw);
    expect(position === null ? null : writePosition(position)).toBe(normal);
  });

  test('in two columns have a decimal comma or a side of the world', () => {
    expect(parsePosition('33,9 S', '18.4E')).toEqual({ latitude: -33.9, longitude: 18.4 });
    expect(parsePosition('48.1', '')).toBeNull();
  });

  test('are apart by the shorter way round the globe', () => {
    expect(kmBetween(readPosition('0,179.99'), readPosition('0,-179.99'))).toBeCloseTo(2.2, 1);
    expect(kmBetween(readPosition('52.52,13.405'), readPosition('48.137,11.575'))).toBeCloseTo(504, -1);
  });
});

/** Restaurants of a few names all over a country; a part stands twice, some metres off and under a shortened name. */
function restaurants(): InputRecord[] {
  const random = createRandom(3);
  const words = 'Golden Lotus Harbour Garden Star Corner Royal Village Ocean Mill'.split(' ');
  return Array.from({ length: 300 }, (_, at) => {
    const name = `${words[random.below(10)]} ${words[random.below(10)]} ${['Grill', 'Kitchen', 'Bar'][random.below(3)]}`;
    const [lat, lon] = [40 + random.next() * 8, -100 + random.next() * 20];
    const first = { id: `a${at}`, source: 'a', fields: { name, lat: lat.toFixed(6), lon: lon.toFixed(6) } };
    const moved = { name: name.toUpperCase(), lat: (lat + 0.0001).toFixed(5), lon: (lon - 0.0001).toFixed(5) };
    return at % 3 === 0 ? [first, { id: `b${at}`, source: 'b', fields: moved }] : [first];
  }).flat();
}

test('columns of degrees are recognised, and tell branches and namesakes apart', async () => {
  const records = restaurants();
  const schema = inferSchema(records.map(({ fields }) => fields as Record<string, string>));
  expect(Object.fromEntries(schema.columns.map(({ name, kind }) => [name, kind]))).toEqual({
    name: 'organisation',
    lat: 'latitude',
    lon: 'longitude',
  });
  const model = await trainModel(records, schema);
  const { clusters } = await resolve(records, model);
  const pairs = clusters.filter((cluster) => cluster.length > 1);
  const right = pairs.filter((cluster) => cluster.length === 2 && cluster[0]?.slice(1) === cluster[1]?.slice(1));
  expect(pairs.length - right.length).toBeLessThanOrEqual(1);
  expect(right.length).toBeGreaterThanOrEqual(97);
  const matcher = createMatcher(model);
  const [a, b] = ['a0', 'b0'].map((id) => matcher.normalise(records.find((record) => record.id === id) as InputRecord));
  if (a === undefined || b === undefined) throw new Error('both are there');
  expect(matcher.explain(a, b).rows.find(({ column }) => column === 'position')?.level).toBe('same spot');
});
