import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { patchRequestQueue } from '../request-queue-patch.ts';

patchRequestQueue();

/** Resolves when the brokers answer an admin client and take part in the cluster. */
export async function brokerAnswers(brokers: readonly string[], timeoutMs: number): Promise<void> {
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId: 'kempt-probe',
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  });
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const admin = kafka.admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
      const { brokers: members } = await admin.describeCluster();
      if (members.length > 0) return;
      throw new Error('the cluster has no active broker yet');
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`no answer from ${brokers.join(',')}`, { cause: error });
    } finally {
      await admin.disconnect().catch(() => {});
    }
    await sleep(100);
  }
}
