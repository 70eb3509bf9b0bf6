import { parentPort } from 'node:worker_threads';
import { type JobName, jobs } from '../jobs.ts';
import { RecordStore } from '../record-store.ts';
import { forget } from '../remembered.ts';
import { enteredAt, type JobOrder, type Order, type ReadOrder, type Report, takenAt } from './orders.ts';
import { createPiecePacker } from './piece-packer.ts';

let store: RecordStore | null = null;

function report(what: Report, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(what, moved);
}

async function read({ reader, schema, pieces, counters, ahead }: ReadOrder): Promise<void> {
  const pack = await createPiecePacker(reader, schema);
  while (true) {
    const piece = Atomics.add(counters, takenAt, 1);
    if (piece >= pieces.length) return forget();
    for (let entered = Atomics.load(counters, enteredAt); piece - entered >= ahead; ) {
      Atomics.wait(counters, enteredAt, entered);
      entered = Atomics.load(counters, enteredAt);
    }
    const records = pack(pieces[piece]);
    const moved = records !== null && 'codes' in records ? [records.codes, records.lengths] : [];
    report(
      { kind: 'piece', piece, records },
      moved.map(({ buffer }) => buffer as ArrayBuffer),
    );
    if (records === null) return;
  }
}

function takePart({ number, name, parameters, taken, store: given }: JobOrder): void {
  if (given !== null) store = RecordStore.attached(given);
  const job = jobs[name as JobName](store as RecordStore, parameters as never, taken);
  while (job.next());
  report({ kind: 'found', number, found: job.found() });
}

parentPort?.on('message', (order: Order) => {
  void (async () => {
    try {
      if (order.kind === 'read') await read(order);
      else takePart(order);
    } catch (error) {
      report({ kind: 'failed', error });
    }
  })();
});
