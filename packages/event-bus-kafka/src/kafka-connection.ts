import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ISocketFactory, Kafka, type LogEntry, logLevel, type SASLOptions } from 'kafkajs';
import type { BusLogger, KafkaSasl, KafkaSettings } from './kafka-options.ts';
import { patchRequestQueue } from './request-queue-patch.ts';
import { registerZstdCodec } from './zstd-codec.ts';

patchRequestQueue();
registerZstdCodec();

const keepAliveDelayMs = 60_000;

/** One client of the cluster with sockets of its own. */
export interface KafkaConnection {
  readonly kafka: Kafka;
  /**
   * Closes every socket at once and opens none again, so that nothing which still runs inside the client can reach the
   * cluster: neither a disconnect that hangs nor a retry loop that goes on by itself.
   */
  destroy(reason: string): void;
}

/** Opens nothing yet; sockets come with the first use. `onLog` sees every log line of the client first. */
export function openKafka(settings: KafkaSettings, onLog: (entry: LogEntry) => void = () => {}): KafkaConnection {
  const sockets = new Set<Socket>();
  let destroyed: string | undefined;

  const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (destroyed !== undefined) throw new Error(destroyed);
    const serverName = isIP(host) ? {} : { servername: host };
    const socket = ssl
      ? connectTls({ host, port, ...serverName, ...ssl }, onConnect)
      : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, keepAliveDelayMs);
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };

  const kafka = new Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ssl: settings.tls,
    ...(settings.sasl ? { sasl: saslOf(settings.sasl) } : {}),
    connectionTimeout: settings.connectTimeoutMs,
    authenticationTimeout: settings.connectTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    // Few and short: what has to be tried for longer is tried by this package, which can stop at a deadline.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    socketFactory,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      onLog(entry);
      writeLog(settings.logger, entry);
    },
  });

  return {
    kafka,
    destroy(reason) {
      destroyed ??= reason;
      // An error, since kafkajs lets go of requests without an answer only when it is told of one.
      for (const socket of sockets) socket.destroy(new Error(reason));
    },
  };
}

function saslOf(sasl: KafkaSasl): SASLOptions {
  if (sasl.mechanism === 'oauthbearer') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) };
  }
  // A copy, since kafkajs keeps what it derived from the password in the object it was given.
  return { ...sasl };
}

/**
 * kafkajs calls everything an error that it then recovers from by itself. What it does not recover from reaches the
 * caller as an error, so its lines are for those who look closely.
 */
function writeLog(logger: BusLogger, { namespace, log }: LogEntry): void {
  const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = log;
  logger.debug(fields, `kafkajs ${namespace}: ${message}`);
}
