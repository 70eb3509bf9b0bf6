import Table from 'cli-table3';
import type { DuplicateScore } from '../scoring/duplicate-scoring.ts';
import type { SyncProgress } from './sync-progress.ts';

/** No lines between rows: a summary should fit a screen. */
const plain = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** The tables that a person sees after the first sync. */
export function summaryTables(progress: SyncProgress, duplicates: readonly DuplicateScore[]): string {
  const records = new Table({ head: ['Account', 'Object', 'Records'], style: { head: [], border: [] }, chars: plain });
  for (const connection of progress.connections) {
    for (const object of connection.objects) {
      records.push([
        `${connection.name} (${connection.account})`,
        object.object,
        { content: object.recordsRead.toLocaleString('en'), hAlign: 'right' },
      ]);
    }
  }
  const scores = new Table({
    head: ['Duplicates among', 'true pairs', 'found pairs', 'right', 'precision', 'recall'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: plain,
  });
  for (const { what, score } of duplicates) {
    scores.push([
      what,
      score.truePairs.toLocaleString('en'),
      score.foundPairs.toLocaleString('en'),
      score.rightPairs.toLocaleString('en'),
      score.precision.toFixed(4),
      score.recall.toFixed(4),
    ]);
  }
  return `${records.toString()}\n\n${scores.toString()}`;
}
