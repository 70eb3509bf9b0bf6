import type { PackExpression, Proof, Range } from '@kempt/observability';
import type { Sample } from './monitoring.ts';

/** The sum over the chosen series; undefined when there are none, or when what they say is not a number. */
export function answerOf(samples: readonly Sample[], { of = {} }: Proof): number | undefined {
  const chosen = samples.filter(({ labels, value }) => {
    if (Number.isNaN(value)) return false;
    return Object.entries(of).every(([label, wanted]) => labels[label] === wanted);
  });
  return chosen.length === 0 ? undefined : chosen.reduce((sum, { value }) => sum + value, 0);
}

const within = (value: number, [least, most]: Range): boolean => value >= least && value <= most;

/** What is wrong with the answer before a stimulus; undefined when it is as it should be. */
export function complaintBefore({ before }: Proof, answer: number | undefined): string | undefined {
  if (before === 'any') return undefined;
  if (before === 'absent') return answer === undefined ? undefined : `no answer expected before, got ${answer}`;
  if (answer === undefined) return `${before.join(' to ')} expected before, got no answer`;
  return within(answer, before) ? undefined : `${before.join(' to ')} expected before, got ${answer}`;
}

/** Whether the answer is what the stimulus is to bring about, given the one before. */
export function isExpectedAfter({ after }: Proof, answer: number | undefined, before: number | undefined): boolean {
  if (answer === undefined) return false;
  return 'to' in after ? within(answer, after.to) : within(answer - (before ?? 0), after.plus);
}

export function wantedText({ after }: Proof): string {
  return 'to' in after ? `to ${after.to.join('..')}` : `by ${after.plus.join('..')}`;
}

/** One expression under its stimulus. */
export interface Observation {
  readonly expression: PackExpression;
  before: number | undefined;
  last: number | undefined;
  complaint: string | undefined;
  isProven: boolean;
}
