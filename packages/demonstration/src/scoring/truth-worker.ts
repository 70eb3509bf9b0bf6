/**
 * Works out the truth in a worker thread, since it takes the whole population to be made again: its memory goes with the
 * thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createGroundTruth, dataSetOf } from '@kempt/crm-simulators/truth';

/** `[record, entity, data set]` of every record that the truth knows. */
export type TruthRow = readonly [record: string, entity: string, dataSet: string];

/** `[HubSpot record, Salesforce record, whether they are the same]` of every link of the native sync whose record is there. */
export type LinkRow = readonly [record: string, to: string, isSame: boolean];

export interface TruthMessage {
  readonly persons: readonly TruthRow[];
  readonly organisations: readonly TruthRow[];
  readonly links: readonly LinkRow[];
}

const truth = createGroundTruth({ seed: (workerData as { readonly seed: string }).seed });
const rows = (entities: ReadonlyMap<string, string>): TruthRow[] =>
  [...entities].map(([record, entity]) => [record, entity, dataSetOf(entity)]);
parentPort?.postMessage({
  persons: rows(truth.persons),
  organisations: rows(truth.organisations),
  links: [...truth.nativeSyncLinks].flatMap(([record, { to, kind }]): LinkRow[] =>
    kind === 'gone' ? [] : [[record, to, kind === 'same']],
  ),
} satisfies TruthMessage);
