import type { Database, Listener } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import { streamChannel } from './stream-event-store.ts';
import type { StreamFeed } from './stream-feed.ts';

/** Wakes the followers of a tenant when any replica has stored events for it. */
export function createStreamWakeUp(database: Database, feed: StreamFeed): Component {
  let listener: Listener | undefined;
  return {
    name: 'event-stream-wake-up',
    async start() {
      // Without a tenant some notifications may have been lost.
      listener = await database.listen(streamChannel(database.schema), (tenantId) =>
        feed.wake(tenantId === '' ? undefined : tenantId),
      );
    },
    async stop() {
      await listener?.close();
    },
  };
}
