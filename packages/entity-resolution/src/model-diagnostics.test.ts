import { expect, test } from '@jest/globals';
import { resolve, trainModel } from './index.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

const shape = {
  ...contactSchema,
  columns: [
    ...contactSchema.columns,
    { name: 'fax', kind: 'phone' as const, group: 'fax' },
    { name: 'coin', kind: 'category' as const },
  ],
};

function records(people: number) {
  return generateContacts(people, 7).records.map((record, at) => ({
    ...record,
    fields: {
      ...record.fields,
      coin: at % 3 === 0 ? 'heads' : 'tails',
      fax: at % 200 === 0 ? `+1415${2_000_000 + at}` : '',
    },
  }));
}

test('a model names columns that tell little, and columns that few records fill', async () => {
  const { diagnostics } = await trainModel(records(400), shape);
  expect(diagnostics.weakColumns).toContain('coin');
  expect(diagnostics.weakColumns).toContain('fax phone');
  for (const strong of ['given name', 'family name', 'email', 'phone', 'date'])
    expect(diagnostics.weakColumns).not.toContain(strong);
  const fax = diagnostics.columns?.find(({ name }) => name === 'fax phone');
  expect(fax?.filled).toBeCloseTo(0.005, 2);
  expect(diagnostics.untrainedLevels.some((level) => level.startsWith('fax phone: '))).toBe(true);
});

test('the expected precision is the mean probability of what is above the threshold', async () => {
  const own = records(400);
  const model = await trainModel(own, shape);
  const { edges } = await resolve(own, model);
  const above = edges.filter(({ probability }) => probability >= model.threshold);
  const mean = above.reduce((sum, { probability }) => sum + probability, 0) / above.length;
  expect(model.diagnostics.expectedPrecision).toBeCloseTo(mean, 2);
  expect(model.diagnostics.expectedPrecision).toBeGreaterThan(0.9);
});

test('a model of nothing has diagnostics, too', async () => {
  const { diagnostics } = await trainModel([], shape);
  expect(diagnostics).toMatchObject({ records: 0, expectedPrecision: 1 });
  expect(diagnostics.weakColumns).toContain('coin');
});
