import type { Progress } from '@kempt/entity-resolution';

const everyMs = 2_000;

/** Tells of a phase when it begins, and then every two seconds how far it is. */
export function createProgressNotes(
  note: (text: string) => void,
  now: () => number = () => performance.now(),
): (progress: Progress) => void {
  let phase = '';
  let last = 0;
  return (progress) => {
    if (progress.phase === phase && now() - last < everyMs) return;
    phase = progress.phase;
    last = now();
    const done = progress.done.toLocaleString('en');
    const of = progress.total > progress.done ? ` of ${progress.total.toLocaleString('en')}` : '';
    note(`${phase}: ${done}${of}`);
  };
}
