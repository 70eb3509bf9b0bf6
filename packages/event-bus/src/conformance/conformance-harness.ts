import type { EventBus } from '../event-bus.ts';

/** What the conformance suite asks of an adapter under test. Whatever is left out takes its tests away with it. */
export interface ConformanceHarness {
  /** Begins the name of every topic and group of the run, so that runs on one broker do not meet. */
  readonly topicPrefix: string;
  /** Opens another bus on the same broker. Each one stands for a process of its own. The suite closes it. */
  createBus(): Promise<EventBus>;
  /** Lets a child process open a bus, which the suite then ends with SIGKILL in the middle of its work. */
  readonly childBus?: () => Promise<ChildBus>;
  /** For a bus that lives in memory only: makes its consumers disappear without commit and without goodbye. */
  readonly killConsumer?: (bus: EventBus) => Promise<void>;
  /** Stops the broker the hard way and starts it again; resolves when it answers. */
  readonly restartBroker?: () => Promise<void>;
  /** Resolves when the topic has been compacted up to its end at the time of the call, tombstones included. */
  readonly compact?: (topic: string) => Promise<void>;
  /** How long the group waits for a silent consumer. A chunk that heartbeats survives three times as long. */
  readonly sessionTimeoutMs: number;
  /** Upper bound of `stop` and `close` while a chunk hangs. */
  readonly stopTimeoutMs: number;
  /** How long the suite waits for anything that must happen. Default 30,000. */
  readonly patienceMs?: number;
}

/** A module that exports `openBus(options): Promise<EventBus>`, and the options, which must survive JSON. */
export interface ChildBus {
  /** File URL of the module. */
  readonly module: string;
  readonly options: unknown;
}

export interface ChildBusModule {
  openBus(options: unknown): Promise<EventBus>;
}
