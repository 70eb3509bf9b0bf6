import { afterEach, expect, test } from '@jest/globals';
import type { EventBus } from '@kempt/event-bus';
import kafkajs from 'kafkajs';
import { createKafkaEventBus } from './kafka-event-bus.ts';
import type { KafkaEventBusOptions, KafkaSasl } from './kafka-options.ts';
import { collect, until } from './test-broker/collector.ts';
import { quickOptions } from './test-broker/conformance-child.ts';
import type { SecureListeners } from './test-broker/test-kafka.ts';
import { describeWithKafka } from './testing.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, ResourcePatternTypes, logLevel } = kafkajs;

await describeWithKafka('Kafka bus with TLS, logins and ACLs', { own: true, secure: true }, (kafka) => {
  const secure = kafka.secure as SecureListeners;
  const [writer, stranger] = secure.users as [SecureListeners['users'][0], SecureListeners['users'][0]];
  const tls = { ca: secure.certificateAuthority };
  const prefix = 'acme.';
  const opened: EventBus[] = [];
  let topics = 0;

  function open(options: Partial<KafkaEventBusOptions>): EventBus {
    const bus = createKafkaEventBus({ ...quickOptions(kafka.brokers), topicPrefix: prefix, ...options });
    opened.push(bus);
    return bus;
  }

  /** By the listener without login, which is the administrator's in this cluster. */
  async function newTopic(): Promise<string> {
    topics += 1;
    const name = `kempt.test.thing-changed-${topics}.v1`;
    await open({}).ensureTopics([{ name, partitions: 2, cleanup: 'delete', retentionMs: 3_600_000 }]);
    return name;
  }

  async function roundTrip(bus: EventBus): Promise<void> {
    const topic = await newTopic();
    const collector = await collect(bus, { group: `group-${topics}`, topics: [topic] });
    await bus.publish([{ topic, key: 'key', headers: { ce_id: '1' }, value: new TextEncoder().encode('value') }]);
    await until('the event', () => collector.received.length > 0);
    expect(collector.received[0]).toMatchObject({ topic, key: 'key', headers: { ce_id: '1' } });
  }

  /** What the README asks for: everything under the prefix, for the one user. */
  async function grantPrefix(username: string): Promise<void> {
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const grant = (resourceType: number, operation: number) => ({
      resourceType,
      resourceName: prefix,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: `User:${username}`,
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    });
    await admin.createAcls({
      acl: [
        grant(AclResourceTypes.TOPIC, AclOperationTypes.READ),
        grant(AclResourceTypes.TOPIC, AclOperationTypes.WRITE),
        grant(AclResourceTypes.TOPIC, AclOperationTypes.DESCRIBE),
        grant(AclResourceTypes.GROUP, AclOperationTypes.READ),
        grant(AclResourceTypes.GROUP, AclOperationTypes.DESCRIBE),
      ],
    });
    await admin.disconnect();
  }

  /** An unsigned token, which the test broker takes: its subject is the user. */
  function tokenOf(subject: string): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const nowSeconds = Math.floor(Date.now() / 1_000);
    return `${part({ alg: 'none' })}.${part({ sub: subject, iat: nowSeconds, exp: nowSeconds + 3_600 })}.`;
  }

  afterEach(() => Promise.all(opened.splice(0).map((bus) => bus.close())));

  const logins: readonly (readonly [string, KafkaSasl])[] = [
    ['PLAIN', { mechanism: 'plain', ...writer }],
    ['SCRAM-SHA-256', { mechanism: 'scram-sha-256', ...writer }],
    ['SCRAM-SHA-512', { mechanism: 'scram-sha-512', ...writer }],
    ['OAUTHBEARER', { mechanism: 'oauthbearer', token: async () => tokenOf(writer.username) }],
  ];

  test.each(logins)('events go out and come in with a login by %s', async (_, sasl) => {
    await grantPrefix(writer.username);
    await roundTrip(open({ brokers: secure.sasl, sasl }));
  });

  test('events go out and come in over TLS with a login', async () => {
    await grantPrefix(writer.username);
    await roundTrip(open({ brokers: secure.saslTls, tls, sasl: { mechanism: 'scram-sha-512', ...writer } }));
  });

  test.each(logins.slice(0, 3))('a wrong password by %s is refused at once, and says so', async (_, sasl) => {
    const bus = open({ brokers: secure.sasl, sasl: { ...sasl, password: 'wrong' } as KafkaSasl });
    const topic = await newTopic();
    const refusal = {
      code: 'bus-misconfigured',
      retriable: false,
      message: expect.stringMatching(/refused the login .*Check user name, password/),
    };
    await expect(bus.ping()).rejects.toMatchObject(refusal);
    await expect(bus.publish([{ topic, key: 'key', headers: {}, value: null }])).rejects.toMatchObject(refusal);
    await expect(collect(bus, { group: 'wrong', topics: [topic] })).rejects.toMatchObject(refusal);
  });

  test('a certificate of an unknown authority, and one for another name, are refused', async () => {
    const refusal = {
      code: 'bus-misconfigured',
      retriable: false,
      message: expect.stringContaining('not trusted over TLS'),
    };
    await expect(open({ brokers: secure.tls, tls: true }).ping()).rejects.toMatchObject(refusal);
    const otherName = { ...tls, servername: 'kafka.example.com' };
    await expect(open({ brokers: secure.tls, tls: otherName }).ping()).rejects.toMatchObject(refusal);
  });

  test('speaking without TLS to a port that wants it rejects in bounded time with a hint', async () => {
    const bus = open({ brokers: secure.tls, pingTimeoutMs: 2_000 });
    await expect(bus.ping()).rejects.toMatchObject({
      code: 'bus-unavailable',
      message: expect.stringContaining('whether their port speaks TLS'),
    });
  });

  test('a user without ACLs is told which kind is missing, to publish as well as to consume', async () => {
    const bus = open({ brokers: secure.sasl, sasl: { mechanism: 'plain', ...stranger } });
    const topic = await newTopic();
    const refusal = {
      code: 'bus-misconfigured',
      retriable: false,
      message: expect.stringContaining('an ACL is missing'),
    };
    await expect(bus.publish([{ topic, key: 'key', headers: {}, value: null }])).rejects.toMatchObject(refusal);
    await expect(collect(bus, { group: 'stranger', topics: [topic] })).rejects.toMatchObject(refusal);
  });
});
