import type { EventBusError, SubscribeOptions, Subscription } from '@kempt/event-bus';
import { backoffMs, pause } from './deadline.ts';
import { busError } from './error-map.ts';
import { type GroupSession, openGroupSession, type StartPosition } from './group-session.ts';
import type { KafkaSettings } from './kafka-options.ts';
import type { Naming } from './record-mapping.ts';

const reopenBounds = { baseMs: 250, maxMs: 5_000 };
/** Joining can wait for the other members to finish their chunks; whoever subscribes does not have to. */
const joinWaitMs = 10_000;

export interface SubscriptionDeps {
  readonly options: SubscribeOptions;
  readonly settings: KafkaSettings;
  readonly naming: Naming;
  /** The ends of those partitions of the topics (as on the cluster) that the group never committed. */
  readonly uncommittedEnds: (group: string, topics: readonly string[]) => Promise<readonly StartPosition[]>;
}

/** Keeps a consumer alive: whatever ends it, another one is opened after a pause. */
export interface OpenSubscription extends Subscription {
  /**
   * Resolves when the consumer has joined, or when the cluster is away: then it joins as soon as the cluster is back.
   * Rejects when it cannot work as it is set up, and is stopped then.
   */
  readonly opened: Promise<void>;
}

export function openSubscription(deps: SubscriptionDeps): OpenSubscription {
  const { options, settings, naming } = deps;
  const stopping = new AbortController();
  const first = Promise.withResolvers<EventBusError | undefined>();
  let session: GroupSession | undefined;
  let stopped: Promise<void> | undefined;

  const supervised = supervise();

  async function open(): Promise<void> {
    const waited = pause(joinWaitMs, stopping.signal).then(() => undefined);
    const failure = await Promise.race([first.promise, waited]);
    if (!failure || failure.retriable) return;
    await stop();
    throw failure;
  }

  function stop(): Promise<void> {
    stopped ??= (async () => {
      stopping.abort();
      await session?.stop();
      await supervised;
    })();
    return stopped;
  }

  async function supervise(): Promise<void> {
    let failures = 0;
    let reported: string | undefined;
    while (!stopping.signal.aborted) {
      const cause = await live(() => {
        if (reported) settings.logger.info({ group: options.group }, `Consuming as group "${options.group}" again`);
        failures = 0;
        reported = undefined;
        first.resolve(undefined);
      });
      if (stopping.signal.aborted) return;
      const error = busError(`Consuming as group "${options.group}"`, cause);
      // Once for each kind of outage, not for each of the attempts to end it.
      const log = reported === error.code ? settings.logger.debug : settings.logger.warn;
      log.call(settings.logger, { code: error.code, group: options.group }, error.message);
      reported = error.code;
      tell(error);
      first.resolve(error);
      await pause(backoffMs(failures, reopenBounds, settings.random()), stopping.signal);
      failures += 1;
    }
  }

  /** One life of the consumer. Resolves with what ended it. */
  async function live(onJoined: () => void): Promise<unknown> {
    let startPositions: readonly StartPosition[] = [];
    if (options.from === 'latest') {
      try {
        startPositions = await deps.uncommittedEnds(options.group, options.topics.map(naming.topicOnCluster));
      } catch (error) {
        return error;
      }
      if (stopping.signal.aborted) return undefined;
    }
    session = openGroupSession({ options, settings, naming, startPositions, onError: tell });
    void session.joined.then(onJoined);
    return session.ended;
  }

  /** What the listener throws is its own affair and must not end the consumer. */
  function tell(error: unknown): void {
    try {
      options.onError?.(error);
    } catch (listenerError) {
      settings.logger.warn({ err: listenerError, group: options.group }, 'onError threw');
    }
  }

  return {
    opened: open(),
    healthy: () => !stopping.signal.aborted && session?.healthy() === true,
    stop,
  };
}
