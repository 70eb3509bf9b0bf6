import type { Random } from '../random.ts';
import type { RecordTimes } from './timeline.ts';

/** A deal reached a stage, by its place in the pipeline, at a time in milliseconds since the epoch. */
export interface StageEntry {
  readonly stage: number;
  readonly at: number;
}

/** The first stage at which a deal is over. */
const firstEnd = 5;

/** How a deal came to its stage: through the open ones in order, some left out, between its creation and its last change. */
export function createStageHistory(stage: number, times: RecordTimes, random: Random): StageEntry[] {
  const open = Math.min(stage, firstEnd - 1);
  const way = Array.from({ length: open + 1 }, (_, index) => index).filter(
    (index) => index === 0 || index === stage || random.chance(0.8),
  );
  if (stage >= firstEnd) way.push(stage);
  const span = times.modifiedAt - times.createdAt;
  const moments = way
    .slice(1)
    .map(() => random.next())
    .sort((left, right) => left - right);
  return way.map((each, index) => ({
    stage: each,
    at: index === 0 ? times.createdAt : times.createdAt + Math.floor((span * (moments[index - 1] ?? 0)) / 1000) * 1000,
  }));
}
