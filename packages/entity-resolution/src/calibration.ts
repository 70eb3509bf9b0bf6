import { createMatcher } from './matcher.ts';
import { type MatchModel, onGrid, sealModel } from './model.ts';
import type { NormalRecord } from './normal-record.ts';

/** Two records of which a person said whether they are one. */
export interface JudgedPair {
  readonly left: NormalRecord;
  readonly right: NormalRecord;
  readonly same: boolean;
}

/** What the judged pairs came to. */
export interface Recalibration {
  /** With the calibration in it and a version of its own; the model that was given where nothing was taken over. */
  readonly model: MatchModel;
  readonly taken: boolean;
  /** Why, for people. */
  readonly reason: string;
  /** Judged pairs that count: conflicts, which no weight decides, do not. */
  readonly pairs: number;
  /** Mean log loss in bits per judged pair, each predicted from the others, before and after. */
  readonly lossBefore: number;
  readonly lossAfter: number;
}

/** A judged pair as the fit sees it. */
export interface JudgedWeight {
  readonly weight: number;
  readonly same: boolean;
  /** Tells pairs of equal weight apart, so that their order does not matter. */
  readonly name: string;
}

/** `slope * weight + offset`. */
export interface CalibrationLine {
  readonly slope: number;
  readonly offset: number;
}

const leastPairs = 20;
/** Of each verdict. */
const leastOfEach = 3;
const folds = 5;
/** Bits per pair by which held-out pairs must be predicted better, so that chance alone changes nothing. */
const leastGain = 0.01;
/** A pair far out, judged wrongly, must not bend the line: beyond this many bits all weights are alike. */
const clipBits = 12;
const slopeBounds = [0.4, 2.5] as const;
const offsetBounds = [-6, 6] as const;
/** Spread of what is expected before a pair is seen, in log2 of the slope and in bits of the offset. */
const slopeSpread = 0.5;
const offsetSpread = 1.5;
/** Share of verdicts that are slips of the hand. */
const slips = 0.01;

const unchanged: CalibrationLine = { slope: 1, offset: 0 };

/**
 * Lets judged pairs correct what match weights mean: a straight line from the model's weight to the one that fits the verdicts (Platt 1999,
 * with the model's own weight as prior), bounded, always rising, and never anything where few or contradictory verdicts do not support it.
 * Reviewers look at pairs near the threshold first; that does no harm here, since it is asked how often pairs of a given weight are the
 * same, not how often each weight occurs. The answer depends on the pairs only, not on their order.
 *
 * @param model any model; a calibration that it has is replaced
 * @param judged normal records of the same schema; at least 20, of both verdicts, before anything changes
 */
export function recalibrate(model: MatchModel, judged: readonly JudgedPair[]): Recalibration {
  const { version: _, calibration: __, ...bare } = model;
  const plain = sealModel(bare);
  const points = pointsOf(plain, judged);
  const { line, ...told } = calibrationOf(points);
  if (line === null) return { model: plain, taken: false, ...told };
  const calibration = { ...line, pairs: points.length, same: points.filter(({ same }) => same).length };
  return { model: sealModel({ ...bare, calibration }), taken: true, ...told };
}

/** The line that judged weights speak for; null where they do not support any. */
export function calibrationOf(
  judged: readonly JudgedWeight[],
): Pick<Recalibration, 'reason' | 'pairs' | 'lossBefore' | 'lossAfter'> & { readonly line: CalibrationLine | null } {
  const points = judged
    .map((point) => ({ ...point, weight: Math.max(-clipBits, Math.min(clipBits, point.weight)) }))
    .sort((a, b) => a.weight - b.weight || Number(a.same) - Number(b.same) || compareText(a.name, b.name));
  const pairs = points.length;
  const same = points.filter((point) => point.same).length;
  const lossBefore = lossOf(points, unchanged);
  if (pairs < leastPairs || same < leastOfEach || pairs - same < leastOfEach) {
    const reason = `${pairs} judged pairs, ${same} of them the same, are too few: ${leastPairs} are needed, ${leastOfEach} of each verdict`;
    return { line: null, reason, pairs, lossBefore, lossAfter: lossBefore };
  }
  const lossAfter = heldOutLoss(points);
  if (lossBefore - lossAfter < leastGain) {
    const reason = 'pairs that were held out are predicted no better by a line of their own, so the weights stay';
    return { line: null, reason, pairs, lossBefore, lossAfter };
  }
  const fitted = fit(points);
  const line = { slope: onGrid(fitted.slope), offset: onGrid(fitted.offset) };
  const reason = `a weight of w now counts ${line.slope.toFixed(2)} w ${line.offset < 0 ? '-' : '+'} ${Math.abs(line.offset).toFixed(2)} bits`;
  return { line, reason, pairs, lossBefore, lossAfter };
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function pointsOf(model: MatchModel, judged: readonly JudgedPair[]): JudgedWeight[] {
  const matcher = createMatcher(model);
  return judged.flatMap(({ left, right, same }): JudgedWeight[] => {
    const { weight, conflict } = matcher.score(left, right);
    return conflict ? [] : [{ weight, same, name: JSON.stringify([left.id, right.id].sort()) }];
  });
}

/** Points in order of weight are dealt out in turn, so that every fold has the whole range. */
function heldOutLoss(points: readonly JudgedWeight[]): number {
  let total = 0;
  for (let fold = 0; fold < folds; fold += 1) {
    const held = points.filter((_, at) => at % folds === fold);
    const rest = points.filter((_, at) => at % folds !== fold);
    total += lossOf(held, fit(rest)) * held.length;
  }
  return total / points.length;
}

function lossOf(points: readonly JudgedWeight[], { slope, offset }: CalibrationLine): number {
  let total = 0;
  for (const { weight, same } of points) {
    const match = 1 / (1 + 2 ** -(slope * weight + offset));
    total -= Math.log2(slips + (1 - 2 * slips) * (same ? match : 1 - match));
  }
  return points.length === 0 ? 0 : total / points.length;
}

/** The line of least loss plus distance from the unchanged one: two parameters, found by halving steps along each in turn. */
function fit(points: readonly JudgedWeight[]): CalibrationLine {
  const cost = (logSlope: number, offset: number): number =>
    lossOf(points, { slope: 2 ** logSlope, offset }) * points.length +
    (((logSlope / slopeSpread) ** 2 + (offset / offsetSpread) ** 2) / 2) * Math.LOG2E;
  let logSlope = 0;
  let offset = 0;
  let best = cost(logSlope, offset);
  const [lowest, highest] = slopeBounds.map(Math.log2) as [number, number];
  for (let step = 1; step > 1e-4; step /= 2) {
    for (let moved = true; moved; ) {
      moved = false;
      for (const [inSlope, inOffset] of directions) {
        const nextSlope = Math.max(lowest, Math.min(highest, logSlope + inSlope * step * 0.5));
        const nextOffset = Math.max(offsetBounds[0], Math.min(offsetBounds[1], offset + inOffset * step * 2));
        const next = cost(nextSlope, nextOffset);
        if (next >= best - 1e-9) continue;
        [logSlope, offset, best, moved] = [nextSlope, nextOffset, next, true];
      }
    }
  }
  return { slope: 2 ** logSlope, offset };
}

const directions = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [1, 1],
  [-1, -1],
  [1, -1],
  [-1, 1],
] as const;
