const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const score = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const share = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 2 });
const point = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

export const absent = '–';

export function countText(value: number | null | undefined): string {
  return value == null ? absent : plain.format(value);
}

/** A value with its unit, as people read it. */
export function unitText(value: number | null | undefined, unit: string): string {
  if (value == null) return absent;
  if (unit === 'ratio') return share.format(value);
  if (unit === 'score') return `${score.format(value)} of 100`;
  return `${plain.format(value)} ${unit}`;
}

export function scoreText(value: number | null | undefined): string {
  return value == null ? absent : score.format(value);
}

export function probabilityText(value: number): string {
  return value > 0.9999 ? '> 99.99 %' : share.format(value);
}

/** Match weights are powers of two: 10 bits are odds of 1,024 to 1. */
export function bitsText(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(1)}`;
}

export function timeText(value: string | undefined | null): string {
  if (value == null) return absent;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? absent : point.format(date);
}

/** `partly-applied` reads `Partly applied`. */
export function wordsText(word: string): string {
  const text = word.replaceAll('-', ' ').replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
