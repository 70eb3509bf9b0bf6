import { expect, test } from '@jest/globals';
import { kafkaOptionsOf } from './kafka-options.ts';

const plain = { brokers: ['kafka-0:9092'], tls: false };

test('brokers and prefix alone mean neither TLS nor a login', () => {
  expect(kafkaOptionsOf({ topicPrefix: 'acme.', kafka: plain })).toEqual({
    brokers: ['kafka-0:9092'],
    topicPrefix: 'acme.',
  });
});

test('TLS with the authorities of the system, or with one of our own and a client certificate', () => {
  expect(kafkaOptionsOf({ topicPrefix: '', kafka: { ...plain, tls: true } }).tls).toEqual({});
  const kafka = { ...plain, tls: true, tlsCa: 'ca', tlsCertificate: 'certificate', tlsKey: 'key' };
  expect(kafkaOptionsOf({ topicPrefix: '', kafka }).tls).toEqual({ ca: 'ca', cert: 'certificate', key: 'key' });
});

test('a login, and how many copies of a topic there are to be', () => {
  const kafka = {
    ...plain,
    saslMechanism: 'scram-sha-512' as const,
    saslUsername: 'kempt',
    saslPassword: 'secret',
    replicationFactor: 3,
  };
  expect(kafkaOptionsOf({ topicPrefix: '', kafka })).toMatchObject({
    sasl: { mechanism: 'scram-sha-512', username: 'kempt', password: 'secret' },
    replicationFactor: 3,
  });
});

test('a login by a token that is fetched when it is needed', () => {
  const kafka = {
    ...plain,
    saslMechanism: 'oauthbearer' as const,
    oauthTokenUrl: 'http://127.0.0.1:1/token',
    oauthClientId: 'kempt',
    oauthClientSecret: 'secret',
  };
  expect(kafkaOptionsOf({ topicPrefix: '', kafka }).sasl).toEqual({
    mechanism: 'oauthbearer',
    token: expect.any(Function),
  });
});
