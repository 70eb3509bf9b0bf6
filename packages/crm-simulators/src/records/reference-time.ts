import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dayMs = 86_400_000;

/**
 * The time that the relative times of a load count back from: the beginning of the day of the first start. It is kept in
 * the folder, so that a restarted simulator shows the same times.
 */
export function readReferenceTime(nowMs: number, folder: string | undefined): number {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  if (folder === undefined) return today;
  const path = join(folder, 'reference-time.json');
  try {
    const kept = (JSON.parse(readFileSync(path, 'utf8')) as { referenceMs?: unknown }).referenceMs;
    if (typeof kept === 'number') return kept;
  } catch {
    // There is none yet.
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, JSON.stringify({ referenceMs: today }));
  return today;
}
