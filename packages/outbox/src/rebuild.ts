import type { EventBus } from '@kempt/event-bus';
import type { Database } from '@kempt/postgres';
import { beginGeneration, lockStreams } from './inbox-store.ts';
import { OutboxError } from './outbox-error.ts';
import { makeAllDue } from './parked-event-store.ts';

/** What a rebuild will read again. */
export interface Rebuild {
  readonly generation: number;
  readonly topics: readonly string[];
}

/**
 * Makes a stopped consumer group read everything that its topics still hold, as if for the first time: the group goes back
 * to the earliest event and gets an empty inbox. What the consumer built from the events is its own to remove or to keep;
 * where it is kept, versions decide as always. Parked events are tried again; dead letters stay.
 *
 * Rejects while a consumer of the group runs, and then nothing has changed. A crash in between leaves the group at the
 * earliest event with its old inbox, which recognises everything: call it again.
 */
export async function beginRebuild(options: {
  readonly database: Database;
  readonly bus: EventBus;
  readonly group: string;
}): Promise<Rebuild> {
  const { database, bus, group } = options;
  return database.systemTransaction(async (tx) => {
    // A consumer that starts now waits for this lock and sees the new generation.
    const topics = await lockStreams(tx, group);
    if (topics.length === 0) {
      throw new OutboxError('unknown-group', `No consumer of group "${group}" ever ran on schema ${database.schema}.`);
    }
    for (const topic of topics) await bus.seekGroup(group, topic, 'earliest');
    const generation = await beginGeneration(tx, group);
    await makeAllDue(tx, group);
    return { generation, topics };
  });
}
