import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { readLanes, writeLanes } from './outbox-store.ts';
import { pause } from './pause.ts';

export interface LaneLeasesOptions {
  readonly database: Database;
  /** Into how many lanes the keys shall be split. */
  readonly wantedLanes: number;
  /** Pause before a lane that somebody else holds is asked for again. */
  readonly retryMs: number;
  readonly random: () => number;
  readonly logger: Logger;
  /** Publishes one lane until the signal aborts. */
  readonly work: (lane: { readonly lane: number; readonly lanes: number }, signal: AbortSignal) => Promise<void>;
}

const lockName = (lane: number): string => `outbox-lane-${lane}`;

/**
 * Keeps asking for every lane and works on those it gets, until the signal aborts. A lane is an advisory lock of Postgres:
 * however many processes run dispatchers, one of them at most works on a lane, and when it dies another one follows.
 */
export async function holdLanes(options: LaneLeasesOptions, signal: AbortSignal): Promise<void> {
  const { database, logger, retryMs, random } = options;
  const pauseMs = (): number => retryMs * (0.5 + random() / 2);
  while (!signal.aborted) {
    try {
      const lanes = await agreeOnLanes(options);
      const round = new AbortController();
      const ending = AbortSignal.any([signal, round.signal]);
      await Promise.all(Array.from({ length: lanes }, (_, lane) => holdLane(lane, lanes, { ending, round })));
    } catch (error) {
      logger.warn({ err: error }, 'Outbox lanes could not be asked for; trying again');
      await pause(pauseMs(), signal);
    }
  }

  async function holdLane(
    lane: number,
    lanes: number,
    { ending, round }: { readonly ending: AbortSignal; readonly round: AbortController },
  ): Promise<void> {
    while (!ending.aborted) {
      try {
        await database.tryAdvisoryLock(lockName(lane), async (lost) => {
          // While a lane is held nobody can change their number, so asking once is enough.
          if ((await readLanes(database, lanes)) === lanes) {
            await options.work({ lane, lanes }, AbortSignal.any([ending, lost]));
          } else {
            round.abort();
          }
        });
      } catch (error) {
        logger.warn({ err: error, lane }, 'The lease of an outbox lane failed; trying again');
      }
      await pause(pauseMs(), ending);
    }
  }
}

/**
 * Two dispatchers with different numbers would share keys. So the number stands in the database, and it changes only
 * while one dispatcher holds every lane of the old number: then no other one works.
 */
async function agreeOnLanes({ database, wantedLanes, logger }: LaneLeasesOptions): Promise<number> {
  const lanes = await readLanes(database, wantedLanes);
  if (lanes === wantedLanes) return lanes;
  let changed = false;
  await holdAll(lanes, async () => {
    await writeLanes(database, wantedLanes);
    changed = true;
  });
  if (changed) return wantedLanes;
  logger.warn(
    { lanes, wantedLanes },
    'Other dispatchers run with another number of outbox lanes; theirs is used until all of them were stopped',
  );
  return lanes;

  async function holdAll(count: number, work: () => Promise<void>): Promise<void> {
    if (count === 0) return work();
    await database.tryAdvisoryLock(lockName(count - 1), () => holdAll(count - 1, work));
  }
}
