import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChildBus, ChildBusModule } from './conformance-harness.ts';

/** What the parent tells a consumer process: its one argument, as JSON. */
export interface ConsumerTask {
  readonly bus: ChildBus;
  readonly group: string;
  readonly topic: string;
  /** Every event that was handled becomes a line in this file, written before the chunk ends. */
  readonly journal: string;
  /** In the middle of the nth chunk the process stops moving and says `hanging`, to be killed there. */
  readonly hangInChunk: number | null;
}

export type ConsumerMessage = { readonly type: 'chunk' } | { readonly type: 'hanging' };

/** A consumer in a process of its own, made to be killed. It ends in order when the parent says `stop`. */
async function consume(task: ConsumerTask): Promise<void> {
  const { openBus } = (await import(task.bus.module)) as ChildBusModule;
  const bus = await openBus(task.bus.options);
  let chunks = 0;
  await bus.subscribe({
    group: task.group,
    topics: [task.topic],
    maxChunkRecords: 16,
    eachChunk: async ({ records }) => {
      chunks += 1;
      send({ type: 'chunk' });
      for (const [index, { key, headers }] of records.entries()) {
        if (task.hangInChunk !== null && chunks >= task.hangInChunk && index === Math.floor(records.length / 2)) {
          send({ type: 'hanging' });
          await new Promise(() => {});
        }
        appendFileSync(task.journal, `${JSON.stringify({ key, headers })}\n`);
        await delay(1);
      }
    },
  });
  process.once('message', () => {
    void bus.close().then(() => process.disconnect());
  });
}

function send(message: ConsumerMessage): void {
  process.send?.(message);
}

await consume(JSON.parse(process.argv[2] ?? '') as ConsumerTask);
