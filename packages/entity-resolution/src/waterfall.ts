import type { Explanation, ExplanationRow } from './explanation.ts';
import { weightOf } from './model.ts';
import { ink, rounded, shorten, svgLine, svgPicture, svgRect, svgText } from './svg.ts';

export interface WaterfallOptions {
  /** How the two records are called; ids, for example. */
  readonly left?: string;
  readonly right?: string;
  /** Match probability from which on records are joined; drawn as a line. */
  readonly threshold?: number;
}

const width = 900;
const plotLeft = 430;
const plotRight = 830;
const top = 92;
const rowHeight = 38;
const barHeight = 18;
const widestBits = 40;

interface Step {
  readonly label: string;
  readonly detail: string;
  readonly from: number;
  /** Where the weight stands after the level, before the rarity of the value is taken into account. */
  readonly middle: number;
  readonly to: number;
}

/**
 * Draws an explanation as a waterfall: from the prior every comparison moves the match weight to the right (for a match) or to the left
 * (against it), the part that the rarity of a shared value adds in a lighter shade, and the last bar is their sum. An SVG document; equal
 * explanations give equal text. Comparisons without evidence are named below the bars.
 */
export function waterfallSvg(explanation: Explanation, options: WaterfallOptions = {}): string {
  const steps = stepsOf(explanation);
  const silent = explanation.rows.filter((row) => isSilent(row)).map(({ column }) => column);
  const threshold = options.threshold === undefined ? undefined : weightOf(options.threshold);
  const scale = scaleOf(steps, explanation.weight, threshold);
  const bottom = top + (steps.length + 1) * rowHeight;
  const height = bottom + 34 + (silent.length > 0 ? 22 : 0);
  const sum = `match weight ${signed(explanation.weight)} bits, probability ${percent(explanation.probability)}`;
  const title = `${titleOf(options)}: ${sum}`;

  const rarity = steps.some(({ middle, to }) => middle !== to) ? '; lighter: how rare or common the value is' : '';
  const parts: string[] = [
    svgText(20, 32, shorten(titleOf(options), 90), { size: 17, bold: true }),
    svgText(20, 54, `${sum.replace('m', 'M')}${rarity}`, { fill: ink.faint }),
    ...axis(scale, bottom, threshold),
  ];
  steps.forEach((step, index) => {
    parts.push(...drawStep(step, top + index * rowHeight, scale));
  });
  const last = top + steps.length * rowHeight;
  parts.push(
    svgLine([20, last - 4], [width - 20, last - 4]),
    svgText(20, last + 18, 'match weight', { bold: true }),
    bar(scale, [0, explanation.weight], last + 5, explanation.weight >= 0 ? ink.for : ink.against),
    svgText(width - 20, last + 19, signed(explanation.weight), { anchor: 'end', bold: true }),
  );
  if (silent.length > 0) {
    const names = shorten(silent.join(', '), 110);
    parts.push(svgText(20, bottom + 42, `No evidence: ${names}`, { size: 12, fill: ink.faint }));
  }
  return svgPicture({ width, height }, { title, description: describe(explanation, steps, options) }, parts);
}

function isSilent(row: ExplanationRow): boolean {
  return row.weight === 0 && row.termFrequencyWeight === 0;
}

function stepsOf({ prior, rows }: Explanation): Step[] {
  const steps: Step[] = [{ label: 'prior', detail: 'before anything is compared', from: 0, middle: prior, to: prior }];
  let at = prior;
  for (const row of rows) {
    if (isSilent(row)) continue;
    const middle = at + row.weight;
    const to = middle + row.termFrequencyWeight;
    const values =
      row.left === null && row.right === null
        ? ''
        : row.left === row.right
          ? `: ${shorten(row.left ?? '', 30)}`
          : `: ${shorten(row.left ?? '-', 22)} | ${shorten(row.right ?? '-', 22)}`;
    steps.push({ label: row.column, detail: `${row.level}${values}`, from: at, middle, to });
    at = to;
  }
  return steps;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  x(bits: number): number;
}

/** Conflicts and long sums go far out: the axis ends at 40 bits, and bars that go on say their weight in numbers. */
function scaleOf(steps: readonly Step[], weight: number, threshold: number | undefined): Scale {
  const ends = [0, weight, threshold ?? 0, ...steps.flatMap(({ from, middle, to }) => [from, middle, to])];
  const low = Math.max(-widestBits, Math.min(...ends) - 1);
  const high = Math.max(low + 4, Math.min(widestBits, Math.max(...ends) + 1));
  const x = (bits: number): number =>
    plotLeft + ((Math.max(low, Math.min(high, bits)) - low) / (high - low)) * (plotRight - plotLeft);
  return { low, high, x };
}

function axis(scale: Scale, bottom: number, threshold: number | undefined): string[] {
  const step = [1, 2, 5, 10, 20].find((size) => (scale.high - scale.low) / size <= 8) ?? 20;
  const parts: string[] = [];
  for (let bits = Math.ceil(scale.low / step) * step; bits <= scale.high; bits += step) {
    const x = scale.x(bits);
    parts.push(
      svgLine([x, top - 6], [x, bottom], bits === 0 ? { stroke: ink.faint } : {}),
      svgText(x, bottom + 18, String(bits + 0), { size: 11, fill: ink.faint, anchor: 'middle' }),
    );
  }
  parts.push(svgText(plotLeft - 12, bottom + 18, 'bits', { size: 11, fill: ink.faint, anchor: 'end' }));
  if (threshold !== undefined) {
    const x = scale.x(threshold);
    parts.push(
      svgLine([x, top - 6], [x, bottom], { stroke: ink.text, width: 1.5, dash: '5 4' }),
      svgText(x, top - 12, 'threshold', { size: 11, fill: ink.text, anchor: 'middle' }),
    );
  }
  return parts;
}

function bar(scale: Scale, [from, to]: readonly [number, number], y: number, fill: string): string {
  const [left, right] = [scale.x(Math.min(from, to)), scale.x(Math.max(from, to))];
  return svgRect(left, y, { width: Math.max(right - left, 1), height: barHeight }, fill);
}

function drawStep(step: Step, y: number, scale: Scale): string[] {
  const { from, middle, to } = step;
  const end = [scale.x(to), y + 5] as const;
  return [
    svgText(20, y + 13, shorten(step.label, 40), { bold: true }),
    svgText(20, y + 28, shorten(step.detail, 62), { size: 11, fill: ink.faint }),
    ...(middle === from ? [] : [bar(scale, [from, middle], y + 5, middle > from ? ink.for : ink.against)]),
    ...(to === middle ? [] : [bar(scale, [middle, to], y + 5, to > middle ? ink.forMore : ink.againstMore)]),
    svgLine([end[0], end[1]], [end[0], y + rowHeight + 5], { stroke: ink.faint }),
    svgText(width - 20, y + 19, signed(to - from), { anchor: 'end' }),
  ];
}

function titleOf({ left, right }: WaterfallOptions): string {
  return left === undefined || right === undefined ? 'Two records' : `${shorten(left, 60)} and ${shorten(right, 60)}`;
}

export function signed(bits: number): string {
  const shown = rounded(bits).toFixed(2);
  return bits > 0 ? `+${shown}` : shown.replace('-', '−');
}

/** A probability for people: as many digits as tell it from zero and one. */
export function percent(probability: number): string {
  if (probability > 0.99995) return 'above 99.99 %';
  if (probability < 0.00005) return 'below 0.01 %';
  return `${rounded(probability * 100)} %`;
}

function describe(explanation: Explanation, steps: readonly Step[], { threshold }: WaterfallOptions): string {
  const parts = steps.map(({ label, detail, from, to }) => `${label} (${detail}) ${signed(to - from)}`);
  const line = threshold === undefined ? '' : ` Records are joined from ${signed(weightOf(threshold))} bits on.`;
  return `In bits: ${parts.join('; ')}. Together ${signed(explanation.weight)}.${line}`;
}
