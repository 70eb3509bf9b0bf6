import type { SubscribeOptions } from './event-bus.ts';
import { EventBusError } from './event-bus-error.ts';
import { copyOf } from './event-copy.ts';
import type { FakeBroker, FakePartition } from './fake-broker.ts';

/** A subscription as its group sees it. */
export interface FakeMember {
  readonly options: SubscribeOptions;
  readonly redeliveryPauseMs: number;
  deliveryDelayMs(): number;
}

/** What a group knows of one partition. */
interface Position {
  readonly partition: FakePartition;
  committed: bigint;
  owner: FakeMember | undefined;
  /** The chunk that the owner works on. A result that arrives under another chunk than this one is ignored. */
  atHand: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  pausedUntilMs: number;
}

/** A consumer group: committed offsets, members, and the assignment of partitions to members. */
export interface FakeGroup {
  join(member: FakeMember): void;
  /** Takes the member out. Its chunks at hand go on until they end, then their partitions move. */
  leave(member: FakeMember): void;
  /** The chunks that the member works on right now. */
  chunksOf(member: FakeMember): readonly { readonly abort: AbortController; readonly done: Promise<void> }[];
  /** Takes the member out at once, as if its process was gone: what it has at hand is not committed. */
  kill(member: FakeMember): void;
  /** Nothing at hand will be committed; everything comes again. */
  forgetChunksAtHand(): void;
  seek(topic: string, to: 'earliest' | 'latest'): void;
  positions(): readonly { readonly partition: FakePartition; readonly committed: bigint }[];
  unfinished(): readonly string[];
  /** Looks for something to deliver. */
  wake(): void;
}

export function createFakeGroup(name: string, broker: FakeBroker): FakeGroup {
  const members = new Set<FakeMember>();
  const positions = new Map<string, Position>();

  function positionOf(partition: FakePartition, from: 'earliest' | 'latest'): Position {
    const id = `${partition.topic}/${partition.partition}`;
    let position = positions.get(id);
    if (!position) {
      const committed = from === 'latest' ? partition.endOffset : startOf(partition);
      position = { partition, committed, owner: undefined, atHand: undefined, pausedUntilMs: 0 };
      positions.set(id, position);
    }
    return position;
  }

  /** A partition whose owner is at work keeps it until the chunk ends, so that two consumers never share it. */
  function rebalance(): void {
    const byTopic = Map.groupBy(positions.values(), (position) => position.partition.topic);
    for (const [topic, ofTopic] of byTopic) {
      const readers = [...members].filter((member) => member.options.topics.includes(topic));
      ofTopic.forEach((position, index) => {
        if (position.atHand) return;
        position.owner = readers[index % Math.max(readers.length, 1)];
      });
    }
  }

  function wake(): void {
    rebalance();
    for (const position of positions.values()) queueMicrotask(() => deliver(position));
  }

  function deliver(position: Position): void {
    const { owner, partition } = position;
    if (!owner || position.atHand || !broker.available()) return;
    if (position.pausedUntilMs > performance.now()) return;
    const records = partition.records
      .filter((record) => record.offset >= position.committed)
      .slice(0, owner.options.maxChunkRecords ?? 500)
      .map(copyOf);
    const last = records.at(-1);
    if (!last) return;
    const abort = new AbortController();
    const work = async (): Promise<void> => {
      await pause(owner.deliveryDelayMs());
      await owner.options.eachChunk({
        topic: partition.topic,
        partition: partition.partition,
        records,
        heartbeat: async () => {},
        signal: abort.signal,
      });
    };
    const done = work().then(
      () => {
        if (position.atHand?.abort !== abort) return;
        position.committed = last.offset + 1n;
        position.atHand = undefined;
        wake();
      },
      (error: unknown) => {
        owner.options.onError?.(error);
        if (position.atHand?.abort !== abort) return;
        position.atHand = undefined;
        position.pausedUntilMs = performance.now() + owner.redeliveryPauseMs;
        setTimeout(wake, owner.redeliveryPauseMs + 1);
        wake();
      },
    );
    position.atHand = { abort, done };
  }

  function drop(position: Position): void {
    position.atHand?.abort.abort(new Error(`Partition ${position.partition.partition} was taken away.`));
    position.atHand = undefined;
    position.owner = undefined;
  }

  return {
    join(member) {
      for (const topic of member.options.topics) {
        for (const partition of broker.partitionsOf(topic)) positionOf(partition, member.options.from ?? 'earliest');
      }
      members.add(member);
      wake();
    },
    leave(member) {
      members.delete(member);
      wake();
    },
    chunksOf: (member) =>
      [...positions.values()].flatMap((position) =>
        position.owner === member && position.atHand ? [position.atHand] : [],
      ),
    kill(member) {
      members.delete(member);
      for (const position of positions.values()) if (position.owner === member) drop(position);
      wake();
    },
    forgetChunksAtHand() {
      for (const position of positions.values()) drop(position);
    },
    seek(topic, to) {
      if ([...members].some((member) => member.options.topics.includes(topic))) {
        throw new EventBusError(
          'group-running',
          `Group "${name}" has a running consumer of topic "${topic}"; stop it, then seek again.`,
        );
      }
      for (const partition of broker.partitionsOf(topic)) {
        positionOf(partition, to).committed = to === 'latest' ? partition.endOffset : startOf(partition);
      }
    },
    positions: () => [...positions.values()],
    unfinished: () =>
      [...positions.values()]
        .filter(
          (position) => position.atHand || (position.owner && position.committed < lastOffsetOf(position.partition)),
        )
        .map(({ partition, committed }) => `${name} at ${partition.topic}/${partition.partition}, offset ${committed}`),
    wake,
  };
}

function startOf(partition: FakePartition): bigint {
  return partition.records[0]?.offset ?? partition.endOffset;
}

/** One past the newest event that is still there. */
function lastOffsetOf(partition: FakePartition): bigint {
  const newest = partition.records.at(-1);
  return newest ? newest.offset + 1n : 0n;
}

async function pause(durationMs: number): Promise<void> {
  if (durationMs > 0) await new Promise((resolve) => setTimeout(resolve, durationMs));
}
