import { describe, expect, test } from '@jest/globals';
import type { ICustomPartitioner, ProducerBatch } from 'kafkajs';
import type { KafkaConnection } from './kafka-connection.ts';
import { settingsOf } from './kafka-options.ts';
import { openProducer } from './producer-session.ts';

const settings = settingsOf({
  brokers: ['localhost:1'],
  clientId: 'test',
  logger: { debug: () => {}, info: () => {}, warn: () => {} },
});
const partitions = 4;

/** A client whose answer to the nth batch leaves out the partitions of the nth entry, as after a change of leaders. */
function forgetfulClient(left: readonly (readonly number[])[]) {
  const batches: string[][] = [];
  const producer = ({ createPartitioner }: { readonly createPartitioner: ICustomPartitioner }) => {
    const partitioner = createPartitioner();
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
      partitionId,
      leader: 1,
      partitionErrorCode: 0,
      replicas: [1],
      isr: [1],
    }));
    return {
      async sendBatch({ topicMessages = [] }: ProducerBatch) {
        const forgotten = left[batches.length] ?? [];
        const sent = topicMessages.flatMap(({ topic, messages }) =>
          messages.map((message) => ({
            topicName: topic,
            key: String(message.key),
            partition: partitioner({ topic, partitionMetadata, message }),
          })),
        );
        batches.push(sent.map(({ key }) => key));
        return sent.filter(({ partition }) => !forgotten.includes(partition));
      },
    };
  };
  const connection = { kafka: { producer }, destroy: () => {} } as unknown as KafkaConnection;
  return { connection, batches };
}

const messages = (...keys: string[]) => new Map([['t', keys.map((key) => ({ key, value: null }))]]);

describe('producer', () => {
  // With four partitions "a" and "b" go to 0, "d" to 1, "c" to 2, "f" to 3.
  test('what no acknowledgement names is sent again, in its order, and nothing else', async () => {
    const all = forgetfulClient([]);
    await openProducer(settings, all.connection).send(messages('a', 'b', 'c', 'd', 'f'));
    expect(all.batches).toEqual([['a', 'b', 'c', 'd', 'f']]);

    const some = forgetfulClient([[0, 3], [0]]);
    await openProducer(settings, some.connection).send(messages('a', 'b', 'c', 'd', 'f'));
    expect(some.batches).toEqual([
      ['a', 'b', 'c', 'd', 'f'],
      ['a', 'b', 'f'],
      ['a', 'b'],
    ]);
  });

  test('a partition that is never acknowledged makes the send reject', async () => {
    const { connection } = forgetfulClient(Array.from({ length: 20 }, () => [0, 1, 2, 3]));
    await expect(openProducer(settings, connection).send(messages('a'))).rejects.toThrow('no acknowledgement');
  });
});
