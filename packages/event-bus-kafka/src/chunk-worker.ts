import type { PositionedRecord } from '@kempt/contracts';
import { EventBusError, type SubscribeOptions } from '@kempt/event-bus';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { backoffMs, within } from './deadline.ts';
import type { KafkaSettings } from './kafka-options.ts';
import { createOffsetCommits } from './offset-commits.ts';
import { type Naming, positionedRecordOf } from './record-mapping.ts';

/** After so long the worker lets the other partitions of the same broker have their turn. */
const turnMs = 1_000;
const defaultChunkRecords = 500;
/** How much of the rebalance timeout a chunk may use up. */
const rebalancePatience = 0.8;
/** How long a chunk may take to notice that it was aborted by `stop`. */
const abortGraceMs = 500;
/** How long `stop` waits for the cluster to take the offset of a chunk that is done: if it does not, the chunk comes again. */
const commitGraceMs = 2_000;

/** Works through what one consumer fetches. */
export interface ChunkWorker {
  /** For `consumer.run`. Throws only what tells kafkajs to rejoin or to reconnect, never what `eachChunk` threw. */
  eachBatch(payload: EachBatchPayload): Promise<void>;
  /** Since when the chunk at hand that began first runs, by `performance.now()`. */
  busySince(): number | undefined;
  /** Resolves when no chunk is at hand. */
  idle(): Promise<void>;
  /**
   * Starts no further chunk. Resolves when those at hand are done and committed; aborts them after `graceMs`, and soon after
   * that no longer waits for those which do not care. Nor does it wait long for a cluster that takes no offsets.
   */
  stop(graceMs: number): Promise<void>;
  /** This consumer is out of its group: starts no further chunk and aborts those at hand. */
  abort(reason: Error): void;
}

export interface ChunkWorkerDeps {
  readonly options: SubscribeOptions;
  readonly settings: KafkaSettings;
  readonly naming: Naming;
  readonly onError: (error: unknown) => void;
}

interface ChunkAtHand {
  readonly abort: AbortController;
  readonly startedMs: number;
  /** Resolved when its handler is through, or nobody waits for it. */
  readonly handled: PromiseWithResolvers<void>;
  /** Resolved when it is committed, failed or abandoned. */
  readonly finished: PromiseWithResolvers<void>;
  /** Resolved when nobody waits for it any longer. One for each chunk: a shared one would collect all who ever raced it. */
  readonly abandoned: PromiseWithResolvers<Outcome>;
}

type Outcome = 'done' | { readonly error: unknown };

export function createChunkWorker({ options, settings, naming, onError }: ChunkWorkerDeps): ChunkWorker {
  const maxRecords = options.maxChunkRecords ?? defaultChunkRecords;
  const redelivery = { baseMs: settings.redeliveryBaseMs, maxMs: settings.redeliveryMaxMs };
  const failures = new Map<string, number>();
  const resumptions = new Set<NodeJS.Timeout>();
  const atHand = new Set<ChunkAtHand>();
  const commits = createOffsetCommits();
  let stopping = false;

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, isRunning, isStale, heartbeat } = payload;
    const startedMs = performance.now();
    for (let at = 0; at < batch.messages.length; at += maxRecords) {
      if (stopping || !isRunning() || isStale()) return;
      // What is left will be fetched again; it is not resolved.
      if (at > 0 && performance.now() - startedMs > turnMs) return;
      const worked = await workChunk(payload, batch.messages.slice(at, at + maxRecords));
      if (!worked) return;
      await heartbeat();
    }
  }

  /** True when the chunk is done and committed. */
  async function workChunk(payload: EachBatchPayload, messages: readonly KafkaMessage[]): Promise<boolean> {
    const { batch, commitOffsetsIfNecessary, resolveOffset } = payload;
    const { topic, partition } = batch;
    const last = messages.at(-1);
    if (!last) return true;
    const abort = new AbortController();
    const watch = watchChunk(payload, abort);
    const records = messages.map((message) => positionedRecordOf(naming.topicOfCluster(topic), partition, message));
    const chunk: ChunkAtHand = {
      abort,
      startedMs: performance.now(),
      handled: Promise.withResolvers(),
      finished: Promise.withResolvers(),
      abandoned: Promise.withResolvers(),
    };
    atHand.add(chunk);
    const outcome = await Promise.race([runChunk(records, payload, abort, watch.heartbeat), chunk.abandoned.promise]);
    watch.end();
    chunk.handled.resolve();
    try {
      if (outcome !== 'done') {
        if (watch.move()) throw watch.move();
        // What an aborted chunk throws is the abort, not a failure of its own.
        if (!abort.signal.aborted || watch.overdue()) pauseAfterFailure(payload, outcome.error);
        return false;
      }
      failures.delete(`${topic}/${partition}`);
      const offset = String(BigInt(last.offset) + 1n);
      const committing = commits.commit(commitOffsetsIfNecessary, { topic, partition, offset });
      const abandoned = await Promise.race([committing, chunk.abandoned.promise]);
      if (abandoned !== undefined) {
        committing.catch(onError);
        return false;
      }
      resolveOffset(last.offset);
      if (watch.move()) throw watch.move();
      return true;
    } finally {
      // Only now, so that whoever waits for the chunk knows that it is committed.
      atHand.delete(chunk);
      chunk.finished.resolve();
    }
  }

  async function runChunk(
    records: readonly PositionedRecord[],
    { batch }: EachBatchPayload,
    abort: AbortController,
    heartbeat: () => Promise<void>,
  ): Promise<Outcome> {
    const topic = naming.topicOfCluster(batch.topic);
    try {
      await options.eachChunk({ topic, partition: batch.partition, records, heartbeat, signal: abort.signal });
      return 'done';
    } catch (error) {
      return { error };
    }
  }

  /**
   * Sends heartbeats while the chunk is worked on, however long a transaction takes. When other consumers join or leave,
   * the group waits for this one, which finishes the chunk first; it is aborted only when the partition is gone already,
   * or before the group stops waiting.
   */
  function watchChunk({ heartbeat, batch, isRunning }: EachBatchPayload, abort: AbortController) {
    const startedMs = performance.now();
    let heardMs = startedMs;
    let move: { readonly error: Error; readonly sinceMs: number } | undefined;
    let overdue: Error | undefined;

    function lose(error: Error): void {
      move ??= { error, sinceMs: performance.now() };
      clearInterval(timer);
      abort.abort(error);
    }

    async function beat(): Promise<void> {
      try {
        await heartbeat();
        heardMs = performance.now();
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        const nowMs = performance.now();
        if (isRebalance(error)) {
          heardMs = nowMs;
          move ??= { error, sinceMs: nowMs };
          if (nowMs - move.sinceMs > settings.rebalanceTimeoutMs * rebalancePatience) lose(error);
        } else if (isLost(error) || nowMs - heardMs > settings.sessionTimeoutMs) {
          lose(error);
        }
      }
    }

    const timer = setInterval(() => {
      const ranMs = performance.now() - startedMs;
      if (ranMs > settings.chunkTimeoutMs) {
        clearInterval(timer);
        overdue = new Error(
          `A chunk of topic "${naming.topicOfCluster(batch.topic)}", partition ${batch.partition}, has run for ${Math.round(ranMs)} ms and is aborted. Make chunks smaller or raise chunkTimeoutMs.`,
        );
        onError(overdue);
        abort.abort(overdue);
      } else if (isRunning()) {
        void beat();
      }
    }, settings.heartbeatIntervalMs / 2);

    return {
      async heartbeat() {
        await beat();
        abort.signal.throwIfAborted();
      },
      /** Why this consumer has to join its group again, if it has to. */
      move: () => move?.error,
      overdue: () => overdue,
      end: () => clearInterval(timer),
    };
  }

  /** The partition rests, the others go on; then the same events come again. */
  function pauseAfterFailure({ batch, pause }: EachBatchPayload, error: unknown): void {
    const id = `${batch.topic}/${batch.partition}`;
    const failed = failures.get(id) ?? 0;
    failures.set(id, failed + 1);
    const resume = pause();
    const timer = setTimeout(
      () => {
        resumptions.delete(timer);
        resume();
      },
      backoffMs(failed, redelivery, settings.random()),
    );
    resumptions.add(timer);
    onError(error);
  }

  async function idle(): Promise<void> {
    await Promise.all([...atHand].map((chunk) => chunk.finished.promise));
  }

  async function allHandled(): Promise<void> {
    await Promise.all([...atHand].map((chunk) => chunk.handled.promise));
  }

  function abortAll(reason: Error): void {
    for (const { abort } of atHand) abort.abort(reason);
  }

  return {
    eachBatch,
    busySince: () => (atHand.size === 0 ? undefined : Math.min(...[...atHand].map(({ startedMs }) => startedMs))),
    idle,
    async stop(graceMs) {
      stopping = true;
      for (const timer of resumptions) clearTimeout(timer);
      const overdue = () => new EventBusError('bus-closed', `The consumer stops; a chunk ran on for ${graceMs} ms.`);
      try {
        await within(graceMs, allHandled(), overdue);
      } catch (error) {
        onError(error);
        abortAll(error as Error);
        await within(abortGraceMs, allHandled(), overdue).catch(() => {});
      }
      await within(commitGraceMs, idle(), overdue).catch(() => {});
      for (const { abandoned } of atHand) abandoned.resolve({ error: overdue() });
    },
    abort(reason) {
      stopping = true;
      for (const timer of resumptions) clearTimeout(timer);
      abortAll(reason);
    },
  };
}

/** Consumers join or leave; until this one has joined again, its partitions are its own. */
function isRebalance(error: Error): boolean {
  return (error as { readonly type?: unknown }).type === 'REBALANCE_IN_PROGRESS';
}

/** The group has gone on without this consumer. */
function isLost(error: Error): boolean {
  const { type } = error as { readonly type?: unknown };
  return type === 'ILLEGAL_GENERATION' || type === 'UNKNOWN_MEMBER_ID' || type === 'FENCED_INSTANCE_ID';
}
