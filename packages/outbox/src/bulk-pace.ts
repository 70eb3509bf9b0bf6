import type { EventBus } from '@kempt/event-bus';
import type { Logger } from '@kempt/telemetry';

export interface BulkPaceOptions {
  readonly bus: Pick<EventBus, 'lag'>;
  /** Consumer groups that bulk events of a topic wait for. */
  readonly readersOf: (topic: string) => readonly string[];
  /** How many events of a topic may be published and not handled yet while more bulk events of it follow. */
  readonly behindMax: number;
  readonly logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Told when bulk events of a topic that had to wait may go on. */
  readonly onRelease: () => void;
}

/**
 * Keeps bulk events in the outbox while those who read their topic are behind, so that what waits in front of a live event is never
 * longer than `behindMax` events and what is live itself: one tenant's million records delay the single change of another by that much.
 *
 * A group that does not move at all for half a minute is not waited for: whoever runs no such service, or has one that stands still, would
 * else wait for ever. Nor is one whose lag cannot be read.
 */
export interface BulkPace {
  /** Topics of which bulk events have to wait now. */
  heldTopics(): readonly string[];
  /** Bulk events of a topic were published. */
  notePublished(topic: string, count: number): void;
  /** Measures in the background how far readers are behind, when it is time to. */
  look(): void;
  /** How long until `look` has something to do; infinite when no topic is waited for. */
  lookDueMs(): number;
}

interface TopicState {
  /** How many bulk events may still follow until it is measured again. */
  left: number;
  /** Published since it was measured last. */
  published: number;
}

interface ReaderState {
  readonly committed: bigint;
  /** When it was seen to move last. */
  readonly movedMs: number;
  readonly seenMs: number;
}

const lookEveryMs = 500;
const standstillMs = 30_000;

export function createBulkPace(options: BulkPaceOptions): BulkPace {
  const { bus, readersOf, behindMax, logger, now, onRelease } = options;
  const topics = new Map<string, TopicState>();
  const readers = new Map<string, ReaderState>();
  const unreadable = new Set<string>();
  let lookedMs = Number.NEGATIVE_INFINITY;
  let looking = false;

  const isHeld = ({ left }: TopicState): boolean => left <= 0;

  /** How many events of each topic a group has not handled, of those topics on which it moves. */
  async function behindOf(group: string, names: readonly string[]): Promise<(readonly [string, number])[]> {
    const partitions = await bus.lag(group, names);
    const seenMs = now();
    return [...Map.groupBy(partitions, ({ topic }) => topic)].flatMap(([topic, ofTopic]) => {
      const committed = ofTopic.reduce((sum, partition) => sum + partition.committed, 0n);
      const behind = Number(ofTopic.reduce((sum, { records }) => sum + records, 0n));
      const key = `${group} ${topic}`;
      const known = readers.get(key);
      // Who has nothing to do stands still as well, and nothing is known of a time in which nobody looked.
      const moves =
        known === undefined ||
        known.committed !== committed ||
        behind === 0 ||
        seenMs - known.seenMs > 10 * lookEveryMs;
      const movedMs = moves ? seenMs : known.movedMs;
      readers.set(key, { committed, movedMs, seenMs });
      return seenMs - movedMs > standstillMs ? [] : [[topic, behind] as const];
    });
  }

  async function measure(): Promise<void> {
    const names = [...topics].filter(([, state]) => isHeld(state) || state.published > 0).map(([name]) => name);
    for (const name of names) (topics.get(name) as TopicState).published = 0;
    const groups = new Set(names.flatMap(readersOf));
    const behind = new Map<string, number>();
    await Promise.all(
      [...groups].map(async (group) => {
        const read = names.filter((name) => readersOf(name).includes(group));
        try {
          for (const [topic, events] of await behindOf(group, read))
            behind.set(topic, Math.max(behind.get(topic) ?? 0, events));
          unreadable.delete(group);
        } catch (error) {
          if (!unreadable.has(group))
            logger.warn(
              { err: error, group },
              'How far a group is behind cannot be read; bulk events do not wait for it',
            );
          unreadable.add(group);
        }
      }),
    );
    let released = false;
    for (const name of names) {
      const state = topics.get(name) as TopicState;
      const wasHeld = isHeld(state);
      // What was published meanwhile may be counted twice, which is the safe side.
      state.left = behindMax - (behind.get(name) ?? 0) - state.published;
      released ||= wasHeld && !isHeld(state);
    }
    if (released) onRelease();
  }

  const isDue = (): boolean => [...topics.values()].some((state) => isHeld(state) || state.published > 0);

  return {
    heldTopics: () => [...topics].filter(([, state]) => isHeld(state)).map(([name]) => name),
    notePublished(topic, count) {
      if (readersOf(topic).length === 0) return;
      const state = topics.get(topic) ?? { left: behindMax, published: 0 };
      state.left -= count;
      state.published += count;
      topics.set(topic, state);
    },
    look() {
      if (looking || !isDue() || now() - lookedMs < lookEveryMs) return;
      looking = true;
      lookedMs = now();
      void measure().finally(() => {
        looking = false;
      });
    },
    lookDueMs: () => (isDue() ? Math.max(0, lookedMs + lookEveryMs - now()) : Number.POSITIVE_INFINITY),
  };
}
