import { expect, test } from '@jest/globals';
import { createMatcher, type InputRecord, type Schema, trainModel } from './index.ts';

const schema: Schema = {
  entityKind: 'organisation',
  columns: [
    { name: 'name', kind: 'organisation' },
    { name: 'notes', kind: 'freeText' },
  ],
};

const stems = [
  'claile',
  'claillo',
  'clailes',
  'richler',
  'richyer',
  'richter',
  'mandelo',
  'mandela',
  'mandolo',
  'tavrens',
];
const trades = ['systems', 'system', 'energy', 'energie', 'medical', 'medicale', 'partners', 'partner'];

const organisations: readonly InputRecord[] = stems.flatMap((stem, row) =>
  trades.map((trade, column) => ({
    id: `o${row}-${column}`,
    source: 'crm',
    fields: { name: `${stem} ${trade}`, notes: `${trade} of ${stem}` },
  })),
);

test('two records weigh the same whatever other records were prepared before them', async () => {
  const model = await trainModel(organisations, schema);
  const weights = (records: readonly InputRecord[]) => {
    const matcher = createMatcher(model);
    for (const record of records) {
      const normal = matcher.normalise(record);
      matcher.score(normal, normal);
    }
    const normals = organisations.map((record) => matcher.normalise(record));
    return normals.flatMap((left) => normals.map((right) => matcher.score(left, right).weight));
  };
  const others = Array.from({ length: 40 }, (_, at) => ({
    id: `x${at}`,
    source: 'crm',
    fields: { name: `other${at} thing${at * 7}`, notes: `word${at}` },
  }));
  const expected = weights([]);
  for (const before of [others.slice(0, 1), others.slice(0, 7), others, organisations.toReversed()])
    expect(weights(before)).toEqual(expected);
});
