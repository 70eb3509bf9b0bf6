import { appendToOutbox } from '@kempt/outbox';
import type { Database } from '@kempt/postgres';
import { type Component, createRepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import type { DataQualityMetrics } from '../metrics.ts';
import { loadRules } from '../rules/rule-store.ts';
import { scoreOf } from './score.ts';
import type { ScoreEvents } from './score-events.ts';
import { type DueScore, listDueScores, objectCounts, recordFigures, saveScore, takeDueScore } from './score-store.ts';

interface ScoreMeterOptions {
  readonly database: Database;
  readonly events: ScoreEvents;
  readonly metrics: DataQualityMetrics;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly now: () => Date;
}

/** Measures, once in a while, the score of each object whose counts changed. Any number of instances may run. */
export function createScoreMeter(options: ScoreMeterOptions): Component {
  const { database, events, metrics, logger, intervalMs, now } = options;
  const scores = new Map<string, Map<string, number>>();

  /** One series for each object, however many accounts there are. */
  function showLowest({ tenantId, account, object }: DueScore, score: number): void {
    const ofObject = scores.get(object) ?? new Map<string, number>();
    scores.set(object, ofObject.set(`${tenantId} ${account}`, score));
    metrics.score.set({ object }, Math.min(...ofObject.values()));
  }

  async function measure(due: DueScore): Promise<void> {
    await database.transaction(due.tenantId, async (tx) => {
      if (!(await takeDueScore(tx, due))) return;
      const { rules } = await loadRules(tx);
      const { score, dimensions } = scoreOf(await objectCounts(tx, due), rules);
      if (score === null) return;
      const measured = { measuredAt: now(), score, dimensions, ...(await recordFigures(tx, due)) };
      const sequence = await saveScore(tx, due, measured);
      await appendToOutbox(tx, [events(due.tenantId, due, { sequence, ...measured })]);
      showLowest(due, score);
    });
  }

  return createRepeatedWork({
    name: 'score-meter',
    intervalMs,
    firstAfterMs: intervalMs,
    turn: async (signal) => {
      const due = await database.systemTransaction((tx) => listDueScores(tx), { readOnly: true });
      for (const one of due) {
        if (signal.aborted) return;
        await measure(one);
      }
    },
    onFailure: (error) => logger.warn({ err: error }, 'Measuring scores failed; it is tried again'),
  });
}
