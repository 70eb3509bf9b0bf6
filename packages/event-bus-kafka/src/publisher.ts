import type { EventRecord } from '@kempt/contracts';
import { EventBusError } from '@kempt/event-bus';
import { backoffMs, pause, within } from './deadline.ts';
import { busError, protocolErrorsOf } from './error-map.ts';
import type { KafkaSettings } from './kafka-options.ts';
import type { ProducerSession, TopicMessages } from './producer-session.ts';
import { type KeyedMessage, messageOf, type Naming, sizeOf } from './record-mapping.ts';

/** Brokers take about a megabyte for one partition at once, whatever the events are; this leaves room for lengths. */
const maxRequestBytes = 900_000;
const maxRequestRecords = 5_000;
const retryBounds = { baseMs: 100, maxMs: 2_000 };

export interface Publisher {
  /** See `EventBus.publish`. */
  publish(records: readonly EventRecord[]): Promise<void>;
  /** Waits for what was handed in, at most `timeoutMs`, and refuses everything from now on. */
  close(timeoutMs: number): Promise<void>;
}

export interface PublisherDeps {
  readonly settings: KafkaSettings;
  readonly naming: Naming;
  readonly openProducer: () => ProducerSession;
}

/** Consecutive events of one `publish` call that fit into one request. */
interface Slice {
  readonly events: readonly { readonly topic: string; readonly message: KeyedMessage }[];
  readonly bytes: number;
  readonly deadline: number;
  readonly call: Call;
}

interface Call {
  failed: boolean;
  slicesLeft: number;
  resolve(): void;
  reject(error: EventBusError): void;
}

/**
 * Publishes with one request under way at a time; what is handed in meanwhile goes together in the next one, so that
 * nothing ever waits for a batch to fill. The producer survives failures that pass, since its sequence numbers are what
 * makes a repetition harmless; it is replaced when it is no longer known which numbers the broker has seen.
 */
export function createPublisher({ settings, naming, openProducer }: PublisherDeps): Publisher {
  const queue: Slice[] = [];
  let producer: ProducerSession | undefined;
  let pumping: Promise<void> | undefined;
  let closed = false;
  const closing = new AbortController();

  function* slicesOf(records: readonly EventRecord[]): Generator<Pick<Slice, 'events' | 'bytes'>> {
    let events: { topic: string; message: KeyedMessage }[] = [];
    let bytes = 0;
    for (const record of records) {
      const size = sizeOf(record);
      if (size > settings.maxRecordBytes) {
        throw new EventBusError(
          'record-too-large',
          `Event "${record.key}" of topic "${record.topic}" has ${size} bytes, at most ${settings.maxRecordBytes} are taken. Put its content behind a claim check, or raise max.message.bytes of the topic and maxRecordBytes of the bus.`,
        );
      }
      if (events.length > 0 && (bytes + size > maxRequestBytes || events.length === maxRequestRecords)) {
        yield { events, bytes };
        events = [];
        bytes = 0;
      }
      events.push({ topic: record.topic, message: messageOf(record) });
      bytes += size;
    }
    yield { events, bytes };
  }

  function enqueue(records: readonly EventRecord[]): Promise<void> {
    const parts = [...slicesOf(records)];
    return new Promise((resolve, reject) => {
      const call: Call = { failed: false, slicesLeft: parts.length, resolve, reject };
      const deadline = performance.now() + settings.publishTimeoutMs;
      for (const part of parts) queue.push({ ...part, deadline, call });
      pumping ??= pump();
    });
  }

  async function pump(): Promise<void> {
    // Publishes of the same turn of the event loop share a request.
    await Promise.resolve();
    while (queue.length > 0) {
      const slices = takeSlices();
      if (slices.length > 0) await send(slices);
    }
    // In the same turn as the last look at the queue, so that nobody hands in something to a pump that has ended.
    pumping = undefined;
  }

  /** As many slices as one request takes, without those of calls that failed already: order forbids to send the rest. */
  function takeSlices(): Slice[] {
    const taken: Slice[] = [];
    let bytes = 0;
    let events = 0;
    for (let next = queue[0]; next; next = queue[0]) {
      if (taken.length > 0) {
        if (bytes + next.bytes > maxRequestBytes || events + next.events.length > maxRequestRecords) break;
        // A call of several slices goes on only when the one before is known to be there.
        if (taken.some((slice) => slice.call === next.call)) break;
      }
      queue.shift();
      if (next.call.failed) continue;
      taken.push(next);
      bytes += next.bytes;
      events += next.events.length;
    }
    return taken;
  }

  async function send(slices: readonly Slice[]): Promise<void> {
    const failure = await deliver(slices);
    if (!failure) {
      for (const { call } of slices) finishSlice(call);
    } else if (slices.length > 1 && !failure.retriable) {
      // One of them is at fault; the others shall not suffer for it.
      for (const slice of slices) await send([slice]);
    } else {
      const now = performance.now();
      const overdue = slices.filter((slice) => slice.deadline <= now || !failure.retriable || closed);
      for (const { call } of overdue) failCall(call, failure);
      queue.unshift(...slices.filter((slice) => !overdue.includes(slice)));
    }
  }

  /** Tries until it worked, it cannot work, or the first slice is out of time. */
  async function deliver(slices: readonly Slice[]): Promise<EventBusError | undefined> {
    const deadline = Math.min(...slices.map((slice) => slice.deadline));
    const messages = messagesByTopic(slices, naming);
    const action = `Publishing to ${[...new Set(slices.flatMap(topicsOf))].map((topic) => `topic "${topic}"`).join(', ')}`;
    let unknownTopic = false;
    let last: unknown;
    for (let failures = 0; ; failures += 1) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || closing.signal.aborted) {
        // Nobody knows whether the broker has these events, so the sequence numbers are of no use to others.
        dropProducer('a publish ran out of time');
        return busError(action, last);
      }
      try {
        // Timers know whole milliseconds and may be one early; what is left then must not pass for time to try again.
        await within(
          Math.ceil(leftMs) + 1,
          attempt(messages),
          () => new Error('not acknowledged in time', { cause: last }),
        );
        return undefined;
      } catch (error) {
        last = error;
        const failure = busError(action, error);
        if (!keepsSequence(error)) dropProducer(failure.message);
        if (failure.code === 'unknown-topic' && !unknownTopic) {
          // A topic made a moment ago may not be known everywhere, and one deleted earlier spoils the producer's view.
          unknownTopic = true;
        } else if (!failure.retriable) {
          dropProducer(failure.message);
          return failure;
        }
        const waitMs = backoffMs(failures, retryBounds, settings.random());
        await pause(Math.min(waitMs, Math.max(deadline - performance.now(), 0)), closing.signal);
      }
    }
  }

  async function attempt(messages: TopicMessages): Promise<void> {
    const known = producer;
    const session = known ?? openProducer();
    producer = session;
    try {
      if (!known) await session.connect();
    } catch (error) {
      if (producer === session) dropProducer('the producer could not connect');
      throw error;
    }
    await session.send(messages);
  }

  function dropProducer(reason: string): void {
    producer?.destroy(reason);
    producer = undefined;
  }

  return {
    async publish(records) {
      if (closed) throw new EventBusError('bus-closed', 'This bus was closed; open another one.');
      for (const record of records) checkRecord(record);
      if (records.length > 0) await enqueue(records);
    },
    async close(timeoutMs) {
      closed = true;
      if (pumping) {
        await within(timeoutMs, pumping, () => new Error('publishing did not end in time')).catch(() => {});
        closing.abort();
        producer?.destroy('the bus was closed');
        await pumping;
      }
      await producer?.close(timeoutMs);
      producer = undefined;
    },
  };
}

function finishSlice(call: Call): void {
  call.slicesLeft -= 1;
  if (call.slicesLeft === 0) call.resolve();
}

function failCall(call: Call, error: EventBusError): void {
  call.failed = true;
  call.reject(error);
}

/**
 * Whether the producer can go on with its sequence numbers: after everything that says "not now", a repetition is
 * recognised by them. Not when the broker disagrees about the numbers, nor when the client itself has lost its footing.
 */
function keepsSequence(error: unknown): boolean {
  if (!(error instanceof Error) || !error.name.startsWith('KafkaJS')) return false;
  if (error.name === 'KafkaJSNonRetriableError') return false;
  return !protocolErrorsOf(error).some((type) => endsSequence.has(type));
}

const endsSequence = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

function messagesByTopic(slices: readonly Slice[], naming: Naming): TopicMessages {
  const messages = new Map<string, KeyedMessage[]>();
  for (const { topic, message } of slices.flatMap((slice) => slice.events)) {
    const name = naming.topicOnCluster(topic);
    const ofTopic = messages.get(name);
    if (ofTopic) ofTopic.push(message);
    else messages.set(name, [message]);
  }
  return messages;
}

function checkRecord({ key, topic }: EventRecord): void {
  if (typeof key !== 'string' || key === '') {
    throw new EventBusError('invalid-record', `An event for topic "${topic}" has no key; without one it has no order.`);
  }
}

const topicsOf = (slice: Slice): string[] => slice.events.map((event) => event.topic);
