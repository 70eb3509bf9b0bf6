import { cleanText } from './text.ts';

export interface Position {
  /** In degrees. */
  readonly latitude: number;
  readonly longitude: number;
}

const kmPerDegree = 111.195;

function degrees(text: string, most: number): number | null {
  const found = /^([+-]?\d{1,3}(?:[.,]\d{1,15})?)\s*°?\s*([nsew])?$/.exec(cleanText(text));
  if (found === null) return null;
  const value = Number((found[1] as string).replace(',', '.')) * (found[2] === 's' || found[2] === 'w' ? -1 : 1);
  return Math.abs(value) <= most ? value : null;
}

/** A position out of two columns. Null for what is none, and for 0, 0, which is what programs write when they know nothing. */
export function parsePosition(latitude: string, longitude: string): Position | null {
  const north = degrees(latitude, 90);
  const east = degrees(longitude, 180);
  return north === null || east === null || (north === 0 && east === 0) ? null : { latitude: north, longitude: east };
}

/** A position in one text: `48.137, 11.575`, `geo:48.137,11.575` or `POINT(11.575 48.137)`, which has the longitude first. */
export function parsePositionText(raw: string): Position | null {
  const text = cleanText(raw);
  const point = /^point ?\( ?(\S+) (\S+) ?\)$/.exec(text);
  if (point !== null) return parsePosition(point[2] as string, point[1] as string);
  const pair = /^(?:geo:)?\(?\[?([^,;\s]+)(?:\s*[,;]\s*|\s+)([^,;\s]+?)\]?\)?$/.exec(text);
  return pair === null ? null : parsePosition(pair[1] as string, pair[2] as string);
}

/** Normal form: both in degrees with five digits, about a metre. */
export function writePosition({ latitude, longitude }: Position): string {
  return `${latitude.toFixed(5)},${longitude.toFixed(5)}`;
}

export function readPosition(normal: string): Position {
  const [latitude = 0, longitude = 0] = normal.split(',').map(Number);
  return { latitude, longitude };
}

/** Kilometres between two positions, good to a percent up to some hundred kilometres. */
export function kmBetween(a: Position, b: Position): number {
  const turn = Math.abs(a.longitude - b.longitude);
  const east = Math.min(turn, 360 - turn) * Math.cos((((a.latitude + b.latitude) / 2) * Math.PI) / 180);
  return kmPerDegree * Math.hypot(a.latitude - b.latitude, east);
}
