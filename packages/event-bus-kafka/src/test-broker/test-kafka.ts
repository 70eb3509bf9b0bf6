import { startContainerKafka } from './container-kafka.ts';
import { startJavaKafka } from './java-kafka.ts';

/** A real broker for tests. */
export interface TestKafka {
  readonly available: true;
  readonly origin: 'environment' | 'container' | 'java';
  /** `host:port`, without TLS and without login. */
  readonly brokers: readonly string[];
  /** Bounded. Ends the broker if this process started it. */
  stop(): Promise<void>;
}

/** A broker that belongs to the test alone, so that it may be ill-treated. */
export interface OwnTestKafka extends TestKafka {
  readonly control: BrokerControl;
  readonly secure?: SecureListeners;
}

export interface BrokerControl {
  /** At once, as by power loss. */
  kill(): Promise<void>;
  /** Kills it if it runs, then starts it again with the same data and the same address. Resolves when it answers. */
  restart(): Promise<void>;
  /** From now on it takes connections and never answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

export interface SecureListeners {
  readonly sasl: readonly string[];
  readonly tls: readonly string[];
  readonly saslTls: readonly string[];
  /** PEM. */
  readonly certificateAuthority: string;
  readonly users: readonly { readonly username: string; readonly password: string }[];
}

export interface NoTestKafka {
  readonly available: false;
  readonly reason: string;
}

export interface OwnBrokerOptions {
  /** A broker that nobody else uses and that can be killed. `KAFKA_BROKERS` does not count then. */
  readonly own: true;
  /** Also listens by SASL and TLS. */
  readonly secure?: boolean;
}

/**
 * A broker for tests: the one that `KAFKA_BROKERS` names, else a container where Docker can give one, else a Kafka from
 * Maven where there is Java. Resolves with the reason when this machine has none of them.
 */
export function startTestKafka(options: OwnBrokerOptions): Promise<OwnTestKafka | NoTestKafka>;
export function startTestKafka(options?: { readonly own?: false }): Promise<TestKafka | NoTestKafka>;
export async function startTestKafka(
  options: OwnBrokerOptions | { readonly own?: false } = {},
): Promise<TestKafka | NoTestKafka> {
  const named = process.env['KAFKA_BROKERS'];
  if (!options.own && named) {
    return { available: true, origin: 'environment', brokers: named.split(','), stop: async () => {} };
  }
  const reasons: string[] = [];
  const secure = options.own === true && options.secure === true;
  if (!secure) {
    try {
      return await startContainerKafka();
    } catch (error) {
      reasons.push(`no container: ${messageOf(error)}`);
    }
  }
  try {
    return await startJavaKafka({ secure });
  } catch (error) {
    reasons.push(`no broker from Maven: ${messageOf(error)}`);
  }
  return { available: false, reason: reasons.join('; ') };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
