import { beforeAll, describe, expect, test } from '@jest/globals';
import { createMatcher, type MatchModel, trainModel } from '@kempt/entity-resolution';
import { population } from '../dedupe-test-bed.ts';
import { schemas } from '../matching/entity-schema.ts';
import type { MatchRecord } from '../matching/match-record-store.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import type { StandingVerdict } from '../reviews/verdict-graph.ts';
import { calibrateByVerdicts } from './verdict-calibration.ts';

let records: MatchRecord[];
let model: MatchModel;

beforeAll(async () => {
  records = [...population()].flatMap(([id, { given, family, email, phone }]) => {
    const fields = { given_name: given, family_name: family, email, phone };
    return [
      { ref: `sf:00D:Contact:${id}`, version: 1, fields },
      { ref: `hs:1:contacts:${id}`, version: 1, fields: { ...fields, phone: '' } },
    ];
  });
  model = await trainModel(records.map(inputRecord), schemas.person);
});

/** Every second pair that the model takes for one is not, say the reviewers. */
const strict = (): StandingVerdict[] =>
  [...population().keys()].map((id, at) => ({
    decisionId: String(at),
    left: `hs:1:contacts:${id}`,
    right: `sf:00D:Contact:${id}`,
    verdict: at % 2 === 0 ? 'same' : 'different',
  }));

describe('verdicts', () => {
  test('that the model gets wrong make it less sure, as a version of its own', () => {
    const { model: own, taken, pairs } = calibrateByVerdicts(model, records, strict());
    expect({ taken, pairs }).toEqual({ taken: true, pairs: 80 });
    expect(own.version).not.toBe(model.version);
    const [before, after] = [model, own].map((each) => {
      const matcher = createMatcher(each);
      const [a, b] = records.slice(0, 2).map((record) => matcher.normalise(inputRecord(record)));
      return a === undefined || b === undefined ? Number.NaN : matcher.score(a, b).probability;
    });
    expect(after).toBeLessThan(before as number);
  });

  test('that are few, or on records that are gone, leave the model as it is', () => {
    expect(calibrateByVerdicts(model, records, strict().slice(0, 10))).toMatchObject({ taken: false, model });
    expect(calibrateByVerdicts(model, [], strict())).toMatchObject({ taken: false, pairs: 0, model });
  });
});
