import type { PositionedRecord } from '@kempt/contracts';
import type { SubscribeOptions, Subscription } from '@kempt/event-bus';
import { backoffMs } from './backoff.ts';
import type { Connections } from './connections.ts';
import { readEvents } from './event-store.ts';
import type { GroupStore, OwnedPartition } from './group-store.ts';
import { type HeldPartition, idOf, progressOf } from './held-partition.ts';
import { createMembership } from './membership.ts';
import { createOffsetCommitter } from './offset-committer.ts';
import { createReadPace, type ReadPaceOptions } from './read-pace.ts';
import { startSilenceWatch } from './silence-watch.ts';
import { endsWithin } from './time-limit.ts';
import type { StoredTopic } from './topic-store.ts';

export interface SubscriptionTuning {
  readonly leaseMs: number;
  readonly missedMs: number;
  readonly pollIntervalMs: number;
  /** Bounds of the pause between reads of a consumer that keeps up. */
  readonly readPace: ReadPaceOptions;
  /** From one commit of offsets to the next. */
  readonly commitIntervalMs: number;
  /** Chunks of different partitions that may be at hand at the same time. */
  readonly maxConcurrentChunks: number;
  readonly maxChunkBytes: number;
  readonly redeliveryPause: { readonly baseMs: number; readonly maxMs: number };
  /** A chunk that is silent for longer is told to end. */
  readonly maxSilenceMs: number;
  readonly stopTimeoutMs: number;
}

export interface SubscriptionDependencies {
  readonly connections: Connections;
  readonly store: GroupStore;
  readonly topics: readonly StoredTopic[];
  readonly options: SubscribeOptions;
  readonly tuning: SubscriptionTuning;
  readonly sessionKey: () => bigint | undefined;
  readonly random: () => number;
  readonly onStopped: () => void;
}

/** A subscription as its bus sees it. */
export interface PostgresSubscription extends Subscription {
  readonly group: string;
  start(): Promise<void>;
  eventsArrived(topicId: number, partitions: readonly number[]): void;
  groupChanged(): void;
  sessionLost(): void;
  sessionReturned(): void;
}

/** Partitions that one read looks into; they share the bytes that it may bring. */
const maxPartitionsPerRead = 16;
/** How long handlers get to notice an abort before the consumer goes on without them. */
const abortGraceMs = 250;
/** How long the last commit, and leaving the group, may take when Postgres is slow or away. */
const farewellMs = 2_000;

export function createSubscription(dependencies: SubscriptionDependencies): PostgresSubscription {
  const { connections, store, topics, options, tuning, sessionKey, random } = dependencies;
  const maxRecords = options.maxChunkRecords ?? 500;
  const topicsById = new Map(topics.map((topic) => [topic.topicId, topic]));
  const held = new Map<string, HeldPartition>();
  /** The epochs under which partitions went to others: an answer that still shows us there is older than that. */
  const goneEpochs = new Map<string, bigint>();
  /** Chunks at hand by partition; also those of partitions that were lost, until their handlers have ended. */
  const atWork = new Map<string, Promise<void>>();
  const queue: {
    readonly held: HeldPartition;
    readonly records: readonly PositionedRecord[];
    readonly full: boolean;
  }[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let state: 'starting' | 'running' | 'stopping' | 'stopped' = 'starting';
  let reading = false;
  let readFailures = 0;
  let nextRead: NodeJS.Timeout | undefined;
  const pace = createReadPace(tuning.readPace);
  let overdue = 0;
  let poll: NodeJS.Timeout | undefined;
  let stopping: Promise<void> | undefined;

  const onError = (error: unknown): void => options.onError?.(error);
  const membership = createMembership({
    store,
    group: options.group,
    topics,
    from: options.from ?? 'earliest',
    sessionKey,
    leaseMs: tuning.leaseMs,
    missedMs: tuning.missedMs,
    random,
    onOwned: reconcile,
    onLost: loseAll,
    onError,
  });
  const committer = createOffsetCommitter({
    commit: async (progress) => {
      const identity = membership.identity();
      return identity ? store.commit(identity, progress) : progress;
    },
    onRefused: ({ topicId, partition, epoch }) => {
      const lost = held.get(idOf(topicId, partition));
      if (lost?.epoch === epoch) loseForGood(lost, 'A commit was refused: another consumer has the partition.');
    },
    onError,
    intervalMs: tuning.commitIntervalMs,
    random,
  });

  function later(durationMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, durationMs);
    timers.add(timer);
  }

  function lose(lost: HeldPartition, reason: string): void {
    const id = idOf(lost.topic.topicId, lost.partition);
    if (held.get(id) !== lost) return;
    held.delete(id);
    committer.forget({ topicId: lost.topic.topicId, partition: lost.partition });
    lost.abort?.abort(new Error(reason));
  }

  /** Loses a partition of which we know that another consumer has it, whatever an older answer may say. */
  function loseForGood(lost: HeldPartition, reason: string): void {
    goneEpochs.set(idOf(lost.topic.topicId, lost.partition), lost.epoch);
    lose(lost, reason);
  }

  function loseAll(reason: string): void {
    for (const lost of held.values()) lose(lost, reason);
  }

  /** Makes what we hold equal to what the group says we own. */
  function reconcile(owned: readonly OwnedPartition[]): void {
    const ownedNow = new Set<string>();
    for (const { topicId, partition, epoch, committed, wanted } of owned) {
      const topic = topicsById.get(topicId);
      if (!topic) continue;
      const id = idOf(topicId, partition);
      if (epoch <= (goneEpochs.get(id) ?? -1n)) continue;
      ownedNow.add(id);
      const existing = held.get(id);
      if (existing?.epoch === epoch) {
        existing.wanted = wanted;
        continue;
      }
      if (existing) lose(existing, 'The partition went to another consumer and came back.');
      held.set(id, {
        topic,
        partition,
        epoch,
        position: committed,
        state: 'idle',
        stirred: true,
        behind: true,
        wanted,
        failures: 0,
        abort: undefined,
      });
    }
    for (const [id, lost] of held) if (!ownedNow.has(id)) lose(lost, 'The partition belongs to another consumer now.');
    handOverWanted();
    pump();
  }

  /** Partitions that others wait for go as soon as no chunk of them is at hand, together with their last commit. */
  function handOverWanted(): void {
    const identity = membership.identity();
    const leaving = [...held.values()].filter(
      (one) => one.wanted && (one.state === 'idle' || one.state === 'queued' || one.state === 'pausing'),
    );
    if (!identity || leaving.length === 0 || state !== 'running') return;
    for (const one of leaving) one.state = 'leaving';
    store.handOver(identity, leaving.map(progressOf)).then(
      () => {
        for (const one of leaving) loseForGood(one, 'The partition was handed over.');
      },
      (error: unknown) => {
        onError(error);
        for (const one of leaving) {
          one.state = 'idle';
          one.stirred = true;
        }
        membership.refresh();
      },
    );
  }

  /** Reads for partitions that have something, and hands out what was read, as far as there is room. */
  function pump(): void {
    while (state === 'running' && atWork.size < tuning.maxConcurrentChunks) {
      const next = queue.shift();
      if (!next) break;
      if (next.held.state === 'queued' && isHeld(next.held)) begin(next.held, next.records, next.full);
      else next.held.stirred = true;
    }
    if (state !== 'running' || reading || queue.length > 0) return;
    const ready = [...held.values()].filter(
      (one) =>
        one.state === 'idle' && one.stirred && !one.wanted && !atWork.has(idOf(one.topic.topicId, one.partition)),
    );
    if (ready.length === 0 || atWork.size >= tuning.maxConcurrentChunks) return;
    const waitMs = pace.waitMs(performance.now());
    clearTimeout(nextRead);
    if (waitMs > 0 && !ready.some((one) => one.behind)) {
      nextRead = setTimeout(pump, waitMs);
      return;
    }
    reading = true;
    pace.begin(performance.now());
    void read(ready.slice(0, maxPartitionsPerRead));
  }

  async function read(partitions: readonly HeldPartition[]): Promise<void> {
    for (const one of partitions) {
      one.state = 'reading';
      one.stirred = false;
    }
    const byTopic = Map.groupBy(partitions, (one) => one.topic);
    const maxBytes = Math.max(1, Math.floor((tuning.maxChunkBytes * 2) / partitions.length));
    try {
      await Promise.all(
        [...byTopic].map(async ([topic, ofTopic]) => {
          const events = await readEvents(connections, { topic, positions: ofTopic, maxRecords, maxBytes });
          for (const one of ofTopic) {
            if (one.state !== 'reading') continue;
            const records = events.get(one.partition) ?? [];
            one.state = records.length > 0 ? 'queued' : 'idle';
            one.behind = false;
            if (records.length === 0) continue;
            const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
            queue.push({ held: one, records, full: records.length >= maxRecords || bytes >= maxBytes });
          }
        }),
      );
      readFailures = 0;
    } catch (error) {
      readFailures += 1;
      onError(error);
      const pauseMs = backoffMs(readFailures, { baseMs: 100, maxMs: 5_000, random });
      await new Promise<void>((resolve) => later(pauseMs, resolve));
      for (const one of partitions) {
        if (one.state !== 'reading') continue;
        one.state = 'idle';
        one.stirred = true;
      }
    }
    // Those that nobody will come back to have been let go; the order of the map keeps the rest in turn.
    for (const one of partitions) rotate(one);
    reading = false;
    endRound();
    handOverWanted();
    pump();
  }

  function endRound(): void {
    if (!reading && queue.length === 0 && atWork.size === 0) pace.end(performance.now());
  }

  /** Puts a partition behind the others, so that a busy one does not keep the rest waiting. */
  function rotate(one: HeldPartition): void {
    const id = idOf(one.topic.topicId, one.partition);
    if (held.get(id) !== one) return;
    held.delete(id);
    held.set(id, one);
  }

  function begin(one: HeldPartition, records: readonly PositionedRecord[], full: boolean): void {
    const id = idOf(one.topic.topicId, one.partition);
    one.state = 'working';
    const done = work(one, records, full).finally(() => {
      atWork.delete(id);
      endRound();
      handOverWanted();
      pump();
    });
    atWork.set(id, done);
  }

  async function work(one: HeldPartition, records: readonly PositionedRecord[], full: boolean): Promise<void> {
    let late = false;
    const abort = new AbortController();
    one.abort = abort;
    const watch = startSilenceWatch(tuning.maxSilenceMs, () => {
      watch.stop();
      late = true;
      overdue += 1;
      abort.abort(new Error(`The chunk gave no sign of life for ${tuning.maxSilenceMs} ms.`));
    });
    abort.signal.addEventListener('abort', () => watch.stop(), { once: true });
    try {
      await options.eachChunk({
        topic: one.topic.name,
        partition: one.partition,
        records,
        heartbeat: async () => watch.heard(),
        signal: abort.signal,
      });
      if (!isHeld(one)) return;
      one.position = (records.at(-1) as PositionedRecord).offset + 1n;
      one.failures = 0;
      one.stirred ||= full;
      one.behind = full;
      one.state = 'idle';
      committer.add(progressOf(one));
    } catch (error) {
      onError(error);
      if (!isHeld(one)) return;
      one.failures += 1;
      one.state = 'pausing';
      later(backoffMs(one.failures, { ...tuning.redeliveryPause, random }), () => {
        if (one.state !== 'pausing') return;
        one.state = 'idle';
        one.stirred = true;
        pump();
      });
    } finally {
      watch.stop();
      one.abort = undefined;
      if (late) overdue -= 1;
    }
  }

  function isHeld(one: HeldPartition): boolean {
    return held.get(idOf(one.topic.topicId, one.partition)) === one;
  }

  async function stop(): Promise<void> {
    state = 'stopping';
    clearInterval(poll);
    clearTimeout(nextRead);
    queue.length = 0;
    if (!(await endsWithin(tuning.stopTimeoutMs, Promise.all(atWork.values())))) {
      for (const one of held.values()) one.abort?.abort(new Error('The consumer stops.'));
      await endsWithin(abortGraceMs, Promise.all(atWork.values()));
    }
    for (const timer of timers) clearTimeout(timer);
    await endsWithin(farewellMs, committer.flush().catch(onError));
    await endsWithin(farewellMs, membership.leave().catch(onError));
    loseAll('The consumer stopped.');
    state = 'stopped';
    dependencies.onStopped();
  }

  return {
    group: options.group,
    async start() {
      state = 'running';
      await membership.join();
      poll = setInterval(() => {
        for (const one of held.values()) one.stirred = true;
        pump();
      }, tuning.pollIntervalMs);
    },
    eventsArrived(topicId, partitions) {
      for (const partition of partitions) {
        const one = held.get(idOf(topicId, partition));
        if (one) one.stirred = true;
      }
      pump();
    },
    groupChanged: () => membership.refresh(),
    sessionLost: () => membership.sessionLost(),
    sessionReturned() {
      for (const one of held.values()) one.stirred = true;
      membership.refresh();
      pump();
    },
    healthy: () =>
      state === 'running' && overdue === 0 && sessionKey() !== undefined && membership.identity() !== undefined,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
