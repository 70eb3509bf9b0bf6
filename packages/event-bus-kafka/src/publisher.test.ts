import { describe, expect, test } from '@jest/globals';
import type { EventRecord } from '@kempt/contracts';
import { settingsOf } from './kafka-options.ts';
import type { ProducerSession } from './producer-session.ts';
import { createPublisher } from './publisher.ts';
import { createNaming } from './record-mapping.ts';

type Answer = 'ok' | 'hang' | Error;

/** Producers that answer as told, and a log of what reached the cluster: `<producer>:<keys>`. */
function scriptedProducers(answers: Answer[], answerLater?: Promise<void>) {
  const requests: string[] = [];
  const destroyed: number[] = [];
  let opened = 0;
  const openProducer = (): ProducerSession => {
    opened += 1;
    const id = opened;
    const over = Promise.withResolvers<never>();
    over.promise.catch(() => {});
    return {
      connect: async () => {},
      async send(messages) {
        if (destroyed.includes(id)) throw new Error('a destroyed producer was used');
        const keys = [...messages.values()].flat().map(({ key }) => key);
        requests.push(`${id}:${keys.join()}`);
        await answerLater;
        const answer = answers.shift() ?? 'ok';
        if (answer === 'hang') await over.promise;
        if (answer instanceof Error) throw answer;
      },
      destroy(reason) {
        destroyed.push(id);
        over.reject(new Error(reason));
      },
      close: async () => {},
    };
  };
  return { openProducer, requests, destroyed };
}

function kafkaFailure(name: string, type?: string): Error {
  return Object.assign(new Error(`${name} ${type ?? ''}`), { name, type });
}

const transient = () => kafkaFailure('KafkaJSProtocolError', 'NOT_LEADER_FOR_PARTITION');
const settings = settingsOf({
  brokers: ['localhost:1'],
  clientId: 'test',
  logger: { debug: () => {}, info: () => {}, warn: () => {} },
  publishTimeoutMs: 1_000,
  random: () => 0,
});
const naming = createNaming('');
const event = (key: string, bytes = 1): EventRecord => ({ topic: 't', key, headers: {}, value: new Uint8Array(bytes) });

describe('publisher', () => {
  test('what is handed in while a request is under way goes together in the next one, in order', async () => {
    const gate = Promise.withResolvers<void>();
    const { openProducer, requests } = scriptedProducers([], gate.promise);
    const publisher = createPublisher({ settings, naming, openProducer });
    const first = publisher.publish([event('a')]);
    await new Promise((resolve) => setImmediate(resolve));
    const later = ['b', 'c', 'd'].map((key) => publisher.publish([event(key)]));
    gate.resolve();
    await Promise.all([first, ...later]);
    expect(requests).toEqual(['1:a', '1:b,c,d']);
  });

  test('publishing that is awaited call by call never gets stuck', async () => {
    const { openProducer, requests } = scriptedProducers([]);
    const publisher = createPublisher({ settings, naming, openProducer });
    for (let index = 0; index < 50; index += 1) await publisher.publish([event(String(index))]);
    expect(requests).toHaveLength(50);
  });

  test('a failure that passes is tried again by the same producer, before anything that came later', async () => {
    const { openProducer, requests, destroyed } = scriptedProducers([transient(), transient()]);
    const publisher = createPublisher({ settings, naming, openProducer });
    await Promise.all([publisher.publish([event('a')]), Promise.resolve().then(() => publisher.publish([event('b')]))]);
    expect(requests.slice(0, 3)).toEqual([requests[0], requests[0], requests[0]]);
    expect(requests.join()).toMatch(/^(1:a,1:a,1:a,1:b|1:a,b,1:a,b,1:a,b)$/);
    expect(destroyed).toEqual([]);
  });

  test('when the broker disagrees about sequence numbers, another producer takes over', async () => {
    const disagreement = kafkaFailure('KafkaJSProtocolError', 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    const { openProducer, requests, destroyed } = scriptedProducers([disagreement]);
    await createPublisher({ settings, naming, openProducer }).publish([event('a')]);
    expect(requests).toEqual(['1:a', '2:a']);
    expect(destroyed).toEqual([1]);
  });

  test('a client that broke in a way of its own is replaced', async () => {
    const broken = Object.assign(kafkaFailure('KafkaJSNonRetriableError'), { cause: new TypeError('no seed broker') });
    const { openProducer, requests } = scriptedProducers([broken]);
    await createPublisher({ settings, naming, openProducer }).publish([event('a')]);
    expect(requests).toEqual(['1:a', '2:a']);
  });

  test('a publish that is not durable in time rejects as retriable, and its producer never sends again', async () => {
    const { openProducer, requests, destroyed } = scriptedProducers(['hang']);
    const publisher = createPublisher({ settings: { ...settings, publishTimeoutMs: 100 }, naming, openProducer });
    const before = performance.now();
    await expect(publisher.publish([event('a')])).rejects.toMatchObject({ code: 'bus-unavailable', retriable: true });
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(destroyed).toEqual([1]);
    await publisher.publish([event('b')]);
    expect(requests).toEqual(['1:a', '2:b']);
  });

  test('an event that is refused for good does not take down others that were handed in with it', async () => {
    const tooLarge = kafkaFailure('KafkaJSProtocolError', 'MESSAGE_TOO_LARGE');
    const { openProducer, requests } = scriptedProducers([tooLarge, 'ok', tooLarge, 'ok']);
    const publisher = createPublisher({ settings, naming, openProducer });
    const results = await Promise.allSettled(['a', 'b', 'c'].map((key) => publisher.publish([event(key)])));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'record-too-large', retriable: false } });
    expect(requests.map((request) => request.split(':')[1])).toEqual(['a,b,c', 'a', 'b', 'c']);
  });

  test('a call that needs several requests stops at the first that fails, since the rest would overtake it', async () => {
    const refusal = kafkaFailure('KafkaJSProtocolError', 'TOPIC_AUTHORIZATION_FAILED');
    const { openProducer, requests } = scriptedProducers(['ok', refusal]);
    const publisher = createPublisher({ settings, naming, openProducer });
    const large = ['a', 'b', 'c', 'd'].map((key) => event(key, 500_000));
    await expect(publisher.publish(large)).rejects.toMatchObject({ code: 'bus-misconfigured', retriable: false });
    await publisher.publish([event('e')]);
    expect(requests).toEqual(['1:a', '1:b', '2:e']);
  });

  test('a topic that was made a moment ago gets a second chance, one that does not exist is named', async () => {
    const unknown = () => kafkaFailure('KafkaJSProtocolError', 'UNKNOWN_TOPIC_OR_PARTITION');
    const { openProducer } = scriptedProducers([unknown(), 'ok', unknown(), unknown()]);
    const publisher = createPublisher({ settings, naming, openProducer });
    await publisher.publish([event('a')]);
    await expect(publisher.publish([event('b')])).rejects.toMatchObject({
      code: 'unknown-topic',
      message: expect.stringContaining('topic "t"'),
    });
  });

  test('an event without a key and one that is too large are refused before anything is sent', async () => {
    const { openProducer, requests } = scriptedProducers([]);
    const publisher = createPublisher({ settings, naming, openProducer });
    await expect(publisher.publish([event('a'), event('')])).rejects.toMatchObject({ code: 'invalid-record' });
    await expect(publisher.publish([event('a'), event('b', 1_000_001)])).rejects.toMatchObject({
      code: 'record-too-large',
      message: expect.stringContaining('"b"'),
    });
    expect(requests).toEqual([]);
  });

  test('close waits for what was handed in, but not for ever, and takes nothing more', async () => {
    const { openProducer } = scriptedProducers(['ok', 'hang']);
    const publisher = createPublisher({ settings, naming, openProducer });
    await publisher.publish([event('a')]);
    const hanging = publisher.publish([event('b')]);
    hanging.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    await publisher.close(50);
    await expect(hanging).rejects.toMatchObject({ retriable: true });
    await expect(publisher.publish([event('c')])).rejects.toMatchObject({ code: 'bus-closed' });
  });
});
