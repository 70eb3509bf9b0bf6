import type { ModelOrigin } from './model-task-store.ts';

export interface ScheduleLimits {
  /** How old the newest model may become, in hours; 0 trains on demand only. */
  readonly intervalHours: number;
  /** How far the number of records may move from what the newest model was trained on, as a share of that. */
  readonly growthMax: number;
}

/** Why a candidate should be trained now; undefined when there is no reason. */
export function reasonToTrain(
  newest: { readonly trainedAt: Date; readonly trainedOn: number },
  today: { readonly now: Date; readonly records: number },
  limits: ScheduleLimits,
): ModelOrigin | undefined {
  if (limits.intervalHours === 0) return undefined;
  const moved = Math.abs(today.records - newest.trainedOn);
  if (moved > limits.growthMax * newest.trainedOn) return 'growth';
  const ageHours = (today.now.getTime() - newest.trainedAt.getTime()) / 3_600_000;
  return ageHours >= limits.intervalHours ? 'schedule' : undefined;
}
