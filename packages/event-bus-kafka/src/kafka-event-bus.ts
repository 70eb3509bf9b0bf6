import { type EventBus, EventBusError, type Subscription } from '@kempt/event-bus';
import { createAdminSession } from './admin-session.ts';
import { lagOf, seekGroup, uncommittedEnds } from './group-offsets.ts';
import { type KafkaEventBusOptions, settingsOf } from './kafka-options.ts';
import { openProducer } from './producer-session.ts';
import { createPublisher } from './publisher.ts';
import { createNaming } from './record-mapping.ts';
import { openSubscription } from './subscription.ts';
import { createMissingTopics } from './topic-creation.ts';

/** How long `close` waits for events that a cluster does not take; whoever published them learns that they are not there. */
const flushTimeoutMs = 3_000;

/**
 * An event bus on a Kafka cluster. Connects with the first use. Throws a `TypeError` that names the option which cannot
 * be; everything else rejects with an `EventBusError`, see `error-map.ts`.
 */
export function createKafkaEventBus(options: KafkaEventBusOptions): EventBus {
  const settings = settingsOf(options);
  const naming = createNaming(settings.topicPrefix);
  const admin = createAdminSession(settings);
  const publisher = createPublisher({ settings, naming, openProducer: () => openProducer(settings) });
  const subscriptions = new Set<Subscription>();
  let closed: Promise<void> | undefined;

  function checkOpen(): void {
    if (closed) throw new EventBusError('bus-closed', 'This bus was closed; open another one.');
  }

  return {
    async ensureTopics(topics) {
      checkOpen();
      const action = `Creating topics ${topics.map(({ name }) => name).join(', ')}`;
      await admin.use(action, settings.adminTimeoutMs, (client) =>
        createMissingTopics(client, topics, { settings, naming }),
      );
    },
    publish: (records) => publisher.publish(records),
    async subscribe(subscribeOptions) {
      checkOpen();
      const subscription = openSubscription({
        options: subscribeOptions,
        settings,
        naming,
        uncommittedEnds: (group, topics) =>
          admin.use(`Reading the offsets of group "${group}"`, settings.adminTimeoutMs, (client) =>
            uncommittedEnds(client, naming.groupOnCluster(group), topics),
          ),
      });
      const tracked: Subscription = {
        healthy: () => subscription.healthy(),
        async stop() {
          await subscription.stop();
          subscriptions.delete(tracked);
        },
      };
      // At once, so that a close which comes before the group was joined stops it too.
      subscriptions.add(tracked);
      try {
        await subscription.opened;
      } catch (error) {
        subscriptions.delete(tracked);
        throw error;
      }
      return tracked;
    },
    async lag(group, topics) {
      checkOpen();
      return admin.use(`Reading the lag of group "${group}"`, settings.adminTimeoutMs, (client) =>
        lagOf(client, { group, topics }, naming),
      );
    },
    async seekGroup(group, topic, to) {
      checkOpen();
      const action = `Moving group "${group}" on topic "${topic}"`;
      await admin.use(action, settings.adminTimeoutMs, (client) =>
        seekGroup(client, { group, topic, to }, { settings, naming }),
      );
    },
    async ping() {
      checkOpen();
      await admin.use('Asking the cluster for its brokers', settings.pingTimeoutMs, (client) =>
        client.describeCluster(),
      );
    },
    close() {
      closed ??= (async () => {
        await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
        await Promise.all([publisher.close(Math.min(settings.stopTimeoutMs, flushTimeoutMs)), admin.close()]);
      })();
      return closed;
    },
  };
}
