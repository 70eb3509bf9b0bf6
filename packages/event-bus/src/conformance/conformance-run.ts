import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventRecord, PositionedRecord, TopicDeclaration } from '@kempt/contracts';
import type { EventBus } from '../event-bus.ts';
import type { ConformanceHarness } from './conformance-harness.ts';

/** What the tests of one suite share: names that nobody else uses, buses that are closed after each test, patience. */
export interface ConformanceRun {
  readonly harness: ConformanceHarness;
  readonly patienceMs: number;
  bus(): Promise<EventBus>;
  /** Declares a topic with a new name. */
  topic(bus: EventBus, wanted?: Partial<TopicDeclaration>): Promise<string>;
  groupName(): string;
  /** Waits for something that must come true; the error names it. */
  until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void>;
  closeBuses(): Promise<void>;
}

export function createConformanceRun(harness: ConformanceHarness): ConformanceRun {
  const runId = randomUUID().slice(0, 8);
  const patienceMs = harness.patienceMs ?? 30_000;
  const buses: EventBus[] = [];
  let names = 0;

  return {
    harness,
    patienceMs,
    async bus() {
      const bus = await harness.createBus();
      buses.push(bus);
      return bus;
    },
    async topic(bus, wanted = {}) {
      names += 1;
      const name = `${harness.topicPrefix}${runId}.thing-changed-${names}.v1`;
      await bus.ensureTopics([{ name, partitions: 4, cleanup: 'delete', retentionMs: 86_400_000, ...wanted }]);
      return name;
    },
    groupName() {
      names += 1;
      return `${harness.topicPrefix}${runId}.group-${names}`;
    },
    async until(what, isTrue) {
      const deadline = performance.now() + patienceMs;
      while (!(await isTrue())) {
        if (performance.now() > deadline) throw new Error(`Waited ${patienceMs} ms in vain for: ${what}`);
        await delay(10);
      }
    },
    async closeBuses() {
      await Promise.all(buses.splice(0).map((bus) => bus.close()));
    },
  };
}

const encoder = new TextEncoder();

/** The nth event of a key. Its id is the same whenever it is made. */
export function numbered(topic: string, key: string, sequence: number): EventRecord {
  return {
    topic,
    key,
    headers: { ce_id: `${key}#${sequence}`, ce_type: topic, ce_sequence: String(sequence) },
    value: encoder.encode(`event ${sequence} of ${key}`),
  };
}

export function numberedRange(
  topic: string,
  keys: readonly string[],
  [from, to]: readonly [number, number],
): EventRecord[] {
  const events: EventRecord[] = [];
  for (let sequence = from; sequence <= to; sequence += 1) {
    for (const key of keys) events.push(numbered(topic, key, sequence));
  }
  return events;
}

export function keysNamed(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/**
 * Follows the order of each key. Events may come again, but one that was published later never comes before one that
 * was published earlier has been seen.
 */
export interface OrderWatch {
  see(record: { readonly key: string; readonly headers: Readonly<Record<string, string>> }): void;
  /** Highest sequence seen of a key, 0 if none. */
  highest(key: string): number;
  /** Everything that came too early, in words. */
  readonly faults: readonly string[];
  /** How many events came, again ones included. */
  readonly seen: number;
}

export function watchOrder(): OrderWatch {
  const highest = new Map<string, number>();
  const faults: string[] = [];
  let seen = 0;
  return {
    see({ key, headers }) {
      seen += 1;
      const sequence = Number(headers['ce_sequence']);
      const before = highest.get(key) ?? 0;
      if (sequence > before + 1) faults.push(`${key}: ${sequence} came after ${before}`);
      highest.set(key, Math.max(before, sequence));
    },
    highest: (key) => highest.get(key) ?? 0,
    faults,
    get seen() {
      return seen;
    },
  };
}

export function textOf(record: PositionedRecord): string | null {
  return record.value === null ? null : new TextDecoder().decode(record.value);
}
