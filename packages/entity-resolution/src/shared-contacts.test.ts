import { beforeAll, describe, expect, test } from '@jest/globals';
import { createMatcher, type InputRecord, type Matcher, type MatchModel, sealModel, trainModel } from './index.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

/** What people share without being one: a switchboard, or an address that fits their name. */

let model: MatchModel;
let matcher: Matcher;
let people: readonly InputRecord[];

beforeAll(async () => {
  people = generateContacts(250, 23).records;
  model = await trainModel(people, contactSchema);
  matcher = createMatcher(model);
});

function levelOf(column: string, left: Record<string, string>, right: Record<string, string>, used = matcher) {
  const [a, b] = [left, right].map((fields, at) => used.normalise({ id: `r${at}`, source: 'crm', fields }));
  const { rows } = used.explain(a as never, b as never);
  return rows.find((row) => row.column === column)?.level;
}

describe('telephones', () => {
  test.each([
    ['+1 702 919 1300 x838', '+1 702 919 1300 x838', 'same'],
    ['+1 702 919 1300 x838', '(702) 919-1300', 'same'],
    ['+1 702 919 1300 x838', '702-919-1300 ext 106', 'same exchange'],
    ['+1 702 919 1300 x838', '919-1300, ext. 106', 'same exchange'],
  ])('%s and %s: %s', (left, right, level) => {
    expect(levelOf('phone', { phone: left }, { phone: right })).toBe(level);
  });
});

describe('e-mail addresses', () => {
  const person = { first: 'Barbara', last: 'Torres' };
  test.each([
    ['barbara.torres@hotmail.com', 'same, as a namesake may have it'],
    ['barbara.torres52@hotmail.com', 'same'],
    ['barbara.torres@torres-mills.com', 'same'],
    ['sunflower@hotmail.com', 'same'],
  ])('%s of two records of one name: %s', (email, level) => {
    expect(levelOf('email', { ...person, email }, { ...person, email })).toBe(level);
  });

  test.each([
    ['barbara.torres@hotmail.com', 'btorres@torres-mills.com', 'no evidence'],
    ['sunflower@hotmail.com', 'barbara.torres@torres-mills.com', 'no evidence'],
    ['barbara.torres@hotmail.com', 'btorres52@gmail.com', 'different'],
    ['barbara.torres@clayton.org', 'btorres@torres-mills.com', 'different'],
    ['btorres@clayton.org', 'btorres@torres-mills.com', 'different'],
    ['btorres@torres-mills.com', 'btorres@tarres-nilsen.com', 'no evidence'],
    ['btorres', 'barbara@torres-mills.com', 'different'],
  ])(
    '%s and %s of one name: %s, since people have one of their own and one of their employer',
    (left, right, level) => {
      expect(levelOf('email', { ...person, email: left }, { ...person, email: right })).toBe(level);
    },
  );

  test('a model that was trained before this was told apart takes them for the same', () => {
    const added = 'same, as a namesake may have it';
    const at = model.features.findIndex(({ kind }) => kind === 'email');
    const place = model.features[at]?.levels.findIndex(({ label }) => label === added) as number;
    const without = <T>(list: readonly T[]): T[] => list.filter((_, level) => level !== place);
    const former = sealModel({
      ...model,
      features: model.features.map((feature, index) =>
        index === at ? { ...feature, levels: without(feature.levels) } : feature,
      ),
      confusions: model.confusions.map((confusion) => ({
        ...confusion,
        weights: confusion.weights.map((weights, index) =>
          index === at && weights !== null ? without(weights) : weights,
        ),
      })),
      carelessness: {
        ...model.carelessness,
        weights: model.carelessness.weights.map((weights, index) => (index === at ? without(weights) : weights)),
      },
    });
    const used = createMatcher(former);
    const email = 'barbara.torres@hotmail.com';
    expect(levelOf('email', { ...person, email }, { ...person, email }, used)).toBe('same');
    expect(levelOf('email', { ...person, email }, { ...person, email: 'ann@gmail.com' }, used)).toBe('different');
    const normals = people.slice(0, 60).map((record) => used.normalise(record));
    for (const left of normals)
      for (const right of normals) expect(used.explain(left, right).weight).toBe(used.score(left, right).weight);
  });
});
