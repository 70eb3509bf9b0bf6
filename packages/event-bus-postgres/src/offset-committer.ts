import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import type { Progress } from './group-store.ts';

/** Commits in the background, at intervals: what arrives in between shares one statement. */
export interface OffsetCommitter {
  /** A later call for a partition replaces an earlier one. */
  add(progress: Progress): void;
  /** Forgets what was not committed yet: another consumer goes on from the last commit. */
  forget(partition: Pick<Progress, 'topicId' | 'partition'>): void;
  /** Resolves when everything is committed, or rejects at the first failure from now on. */
  flush(): Promise<void>;
  stop(): void;
}

export interface OffsetCommitterOptions {
  /** Resolves to what was refused. */
  readonly commit: (progress: readonly Progress[]) => Promise<readonly Progress[]>;
  readonly onRefused: (progress: Progress) => void;
  readonly onError: (error: unknown) => void;
  /** From one commit to the next. */
  readonly intervalMs: number;
  readonly random: () => number;
}

export function createOffsetCommitter({
  commit,
  onRefused,
  onError,
  intervalMs,
  random,
}: OffsetCommitterOptions): OffsetCommitter {
  const waiting = new Map<string, Progress>();
  const stopped = new AbortController();
  let committing: Promise<void> | undefined;

  async function commitWaiting(): Promise<void> {
    const progress = [...waiting.values()];
    waiting.clear();
    try {
      for (const refused of await commit(progress)) onRefused(refused);
    } catch (error) {
      for (const one of progress) if (!waiting.has(idOf(one))) waiting.set(idOf(one), one);
      throw error;
    }
  }

  async function commitUntilDone(): Promise<void> {
    for (let failures = 0; waiting.size > 0 && !stopped.signal.aborted; ) {
      let pauseMs = intervalMs;
      try {
        await commitWaiting();
        failures = 0;
      } catch (error) {
        failures += 1;
        onError(error);
        pauseMs = backoffMs(failures, { baseMs: 50, maxMs: 5_000, random });
      }
      await sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    committing = undefined;
  }

  return {
    add(progress) {
      waiting.set(idOf(progress), progress);
      if (!stopped.signal.aborted) committing ??= commitUntilDone();
    },
    forget: (partition) => void waiting.delete(idOf(partition)),
    async flush() {
      stopped.abort();
      await committing;
      if (waiting.size > 0) await commitWaiting();
    },
    stop: () => stopped.abort(),
  };
}

function idOf({ topicId, partition }: Pick<Progress, 'topicId' | 'partition'>): string {
  return `${topicId}/${partition}`;
}
