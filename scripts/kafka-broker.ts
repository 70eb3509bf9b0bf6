/**
 * Runs one Kafka broker in the foreground until Ctrl-C, for everything that wants a real one:
 *
 *     node --conditions=source scripts/kafka-broker.ts
 *
 * The first line on standard output is `KAFKA_BROKERS=<host:port>`, printed once the broker answers. Exits with 1 and the
 * reason when this machine cannot run one.
 */
import { startTestKafka } from '@kempt/event-bus-kafka/testing';

const kafka = await startTestKafka({ own: true });
if (!kafka.available) {
  console.error(`No Kafka broker can run on this machine: ${kafka.reason}.`);
  process.exit(1);
}
console.log(`KAFKA_BROKERS=${kafka.brokers.join(',')}`);

await new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
await kafka.stop();
