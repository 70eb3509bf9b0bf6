/**
 * Things that the test does to a running Kempt, by name, in their order; what they do is in scripts/observability/stimuli.ts. What
 * spends an error budget stays in the long windows for minutes, so the proof of a budget comes before everything else that
 * spends it, too.
 */
export const stimulusNames = [
  'requests',
  'wrong-keys',
  'followers',
  'changes',
  'feedback',
  'webhooks',
  'duplicates',
  'reviews',
  'writes',
  'crm-outage',
  'missing-records',
  'slow-answers',
  'malformed-records',
  'crm-refusal',
  'quota',
  'killed-service',
  'dead-letters',
  'refused-event',
  'failing-handler',
  'stalled-consumer',
  'stuck-outbox',
  'failing-bus',
  'busy-service',
  'connection-shortage',
] as const;

export type StimulusName = (typeof stimulusNames)[number];

/** Least and most, both included. */
export type Range = readonly [number, number];

/**
 * What an expression answers before a stimulus and what because of it. The answer is the sum over the series that are
 * chosen; no series is no answer, unless `absent` says that there is none before.
 */
export interface Proof {
  readonly stimulus: StimulusName;
  /** Labels of the series that are looked at. Default: all. */
  readonly of?: Readonly<Record<string, string>>;
  readonly before: Range | 'absent' | 'any';
  /** `to`: the answer itself, outside of `before`. `plus`: by how much it is more than before, or less. */
  readonly after: { readonly to: Range } | { readonly plus: Range };
}

/** What keeps a proof from proving anything; undefined when it is in order. */
export function weaknessOf({ before, after }: Proof): string | undefined {
  if ('plus' in after) {
    if (after.plus[0] > after.plus[1]) return 'its range is empty';
    return after.plus[0] <= 0 && after.plus[1] >= 0 ? 'no change would satisfy it, too' : undefined;
  }
  if (before === 'any') return 'an answer that is not compared with the one before it shows no change';
  if (after.to[0] > after.to[1]) return 'its range is empty';
  if (before === 'absent') return undefined;
  return before[0] <= after.to[1] && after.to[0] <= before[1]
    ? 'the answer before it would satisfy it, too'
    : undefined;
}
