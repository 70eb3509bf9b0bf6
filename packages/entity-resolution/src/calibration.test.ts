import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CalibrationLine, calibrationOf, type JudgedPair, type JudgedWeight, recalibrate } from './calibration.ts';
import { createMatcher, type MatchModel, resolve, trainModel } from './index.ts';
import { createRandom } from './random.ts';
import { contactSchema, type GeneratedContacts, generateContacts } from './test-contacts.ts';
import { LiveIndex } from './test-live-index.ts';

/** Verdicts of reviewers who are right, on pairs whose true log odds are a line of the model's weight. */
function verdicts(count: number, truth: CalibrationLine, seed: number, spread = 8): JudgedWeight[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, at) => {
    const weight = (random.next() * 2 - 1) * spread;
    const probability = 1 / (1 + 2 ** -(truth.slope * weight + truth.offset));
    return { weight, same: random.next() < probability, name: String(at) };
  });
}

function expectedLoss(line: CalibrationLine, truth: CalibrationLine): number {
  let total = 0;
  const steps = 400;
  for (let step = 0; step < steps; step += 1) {
    const weight = ((step + 0.5) / steps) * 16 - 8;
    const real = 1 / (1 + 2 ** -(truth.slope * weight + truth.offset));
    const said = 1 / (1 + 2 ** -(line.slope * weight + line.offset));
    total -= real * Math.log2(said) + (1 - real) * Math.log2(1 - said);
  }
  return total / steps;
}

const same: CalibrationLine = { slope: 1, offset: 0 };

describe('judged pairs', () => {
  test('correct a model that is too sure of itself, and one that is too easily content', () => {
    for (const truth of [
      { slope: 0.5, offset: 0 },
      { slope: 1, offset: -3 },
      { slope: 0.6, offset: 2 },
    ]) {
      const possible = expectedLoss(same, truth) - expectedLoss(truth, truth);
      let gained = 0;
      for (let seed = 1; seed <= 10; seed += 1) {
        const { line } = calibrationOf(verdicts(200, truth, seed));
        gained += expectedLoss(same, truth) - expectedLoss(line ?? same, truth);
      }
      expect(gained / 10).toBeGreaterThan(0.7 * possible);
    }
  });

  test('do no harm where the model was right: few or many, what is lost is next to nothing', () => {
    let worst = 0;
    let total = 0;
    let taken = 0;
    for (let seed = 1; seed <= 150; seed += 1) {
      const { line } = calibrationOf(verdicts(20 + (seed % 10) * 10, same, seed));
      if (line === null) continue;
      taken += 1;
      const lost = expectedLoss(line, same) - expectedLoss(same, same);
      worst = Math.max(worst, lost);
      total += lost;
    }
    expect(taken / 150).toBeLessThan(0.25);
    expect(total / 150).toBeLessThan(0.01);
    expect(worst).toBeLessThan(0.12);
  });

  test('that are too few, or all of one verdict, change nothing', () => {
    expect(calibrationOf(verdicts(19, { slope: 0.4, offset: -4 }, 1)).line).toBeNull();
    const alike = verdicts(60, same, 2).map((point) => ({ ...point, same: true }));
    expect(calibrationOf(alike)).toMatchObject({ line: null, reason: expect.stringContaining('too few') });
  });

  test('contradict or slip as they may, the line stays bounded and rising, and their order does not matter', () => {
    const points = fc.array(
      fc.record({ weight: fc.double({ min: -300, max: 60, noNaN: true }), same: fc.boolean(), name: fc.string() }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(points, (judged) => {
        const found = calibrationOf(judged);
        expect(calibrationOf(judged.toReversed())).toEqual(found);
        expect(found.line?.slope ?? 1).toBeGreaterThanOrEqual(0.399);
        expect(found.line?.slope ?? 1).toBeLessThanOrEqual(2.501);
        expect(Math.abs(found.line?.offset ?? 0)).toBeLessThanOrEqual(6);
        expect(Number.isFinite(found.lossAfter)).toBe(true);
      }),
      { seed: 3, numRuns: 80 },
    );
  });
});

describe('a recalibrated model', () => {
  let data: GeneratedContacts;
  let model: MatchModel;
  let judged: JudgedPair[];

  beforeAll(async () => {
    data = generateContacts(200, 5);
    model = await trainModel(data.records, contactSchema);
    const matcher = createMatcher(model);
    const { edges } = await resolve(data.records, model, { threshold: 0.5 });
    const normals = new Map(data.records.map((record) => [record.id, matcher.normalise(record)]));
    // A reviewer who is stricter than the model: every second pair that the model is sure of is none.
    judged = edges.slice(0, 80).flatMap(({ a, b }, at) => {
      const [left, right] = [normals.get(a), normals.get(b)];
      return left === undefined || right === undefined ? [] : [{ left, right, same: at % 2 === 0 }];
    });
  });

  test('has a version of its own, is plain JSON, and its explanations still add up exactly', async () => {
    const { model: own, taken, reason } = recalibrate(model, judged);
    expect({ taken, reason }).toEqual({ taken: true, reason: expect.stringContaining('now counts') });
    expect(own.version).not.toBe(model.version);
    expect(own.calibration?.pairs).toBe(judged.length);
    const stored = JSON.parse(JSON.stringify(own)) as MatchModel;
    const [before, after] = [createMatcher(model), createMatcher(stored)];
    for (const { left, right } of judged) {
      const { prior, rows, weight, probability } = after.explain(left, right);
      expect(rows.reduce((sum, row) => sum + row.weight + row.termFrequencyWeight, prior)).toBe(weight);
      expect(rows.some(({ column }) => column === 'verdicts')).toBe(true);
      expect(probability).toBeLessThanOrEqual(before.score(left, right).probability);
    }
    expect((await resolve(data.records, stored)).clusters.length).toBeGreaterThanOrEqual(
      (await resolve(data.records, model)).clusters.length,
    );
  });

  test('gives one record at a time what it gives the batch', async () => {
    const { model: own } = recalibrate(model, judged);
    const index = new LiveIndex(createMatcher(own));
    for (const record of data.records) index.upsert(record);
    expect(index.clusters()).toEqual((await resolve(data.records, own)).clusters);
  });

  test('is not recalibrated twice: a second round starts from the weights of the comparisons', () => {
    const once = recalibrate(model, judged);
    expect(recalibrate(once.model, judged)).toEqual(once);
    expect(recalibrate(once.model, []).model).toEqual(model);
  });

  test('does not count pairs that are in conflict', () => {
    const matcher = createMatcher(model);
    const [senior, junior] = ['Sr', 'Jr'].map((suffix, at) =>
      matcher.normalise({ id: `s${at}`, source: 'left', fields: { first: 'Ann', last: `Barbel ${suffix}` } }),
    ) as [JudgedPair['left'], JudgedPair['left']];
    expect(recalibrate(model, [{ left: senior, right: junior, same: true }]).pairs).toBe(0);
  });
});
