import { parentPort, workerData } from 'node:worker_threads';
import { PairScorer } from '../pair-scorer.ts';
import { planOf } from '../plan.ts';
import { RecordStore } from '../record-store.ts';
import { CandidateTurns } from '../row-clustering.ts';
import { type ScoringTask, scoreNext } from './scoring-task.ts';

const task = workerData as ScoringTask;
const { model, index, floor } = task;
const store = RecordStore.attached(planOf(model.schema), task.store);
const turns = new CandidateTurns(new PairScorer(model, store), index, { blocking: model.blocking, floor });
while (scoreNext(turns, task));
parentPort?.postMessage(turns.edges());
