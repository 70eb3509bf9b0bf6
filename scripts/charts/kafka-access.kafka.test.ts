import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { consumption, deadLetterTopics, groupsThatRead, topicCatalogue } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import { createKafkaEventBus, type KafkaEventBusOptions } from '@kempt/event-bus-kafka';
import { describeWithKafka, type SecureListeners } from '@kempt/event-bus-kafka/testing';
import { createLogger } from '@kempt/telemetry';
import kafkajs from 'kafkajs';
import { type ServiceName, serviceNames } from './consumption.ts';
import { accessRules } from './kafka-access.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, ResourcePatternTypes, logLevel } = kafkajs;
const operations = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
} as const;

await describeWithKafka('access rules of the charts', { own: true, secure: true }, (kafka) => {
  const secure = kafka.secure as SecureListeners;
  const [user] = secure.users as [SecureListeners['users'][0]];
  const opened: EventBus[] = [];

  function open(options: Partial<KafkaEventBusOptions>): EventBus {
    const bus = createKafkaEventBus({
      brokers: kafka.brokers,
      clientId: 'access',
      logger: createLogger({ service: 'access', level: 'silent' }),
      adminTimeoutMs: 90_000,
      publishTimeoutMs: 90_000,
      ...options,
    });
    opened.push(bus);
    return bus;
  }

  /** By the listener without login, which is the administrator's. One user plays every service, each under a prefix of its own. */
  async function grant(service: ServiceName): Promise<void> {
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createAcls({
      acl: accessRules(service).flatMap((rule) =>
        rule.operations.map((operation) => ({
          resourceType: rule.resource === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
          resourceName: `${service}.${rule.name}`,
          resourcePatternType: rule.pattern === 'prefix' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
          principal: `User:${user.username}`,
          host: '*',
          operation: operations[operation],
          permissionType: AclPermissionTypes.ALLOW,
        })),
      ),
    });
    await admin.disconnect();
  }

  const event = (topic: string) => ({ topic, key: 'key', headers: { ce_id: topic }, value: new Uint8Array([1]) });

  beforeAll(async () => {
    for (const service of serviceNames) await grant(service);
  });
  afterAll(() => Promise.all(opened.map((bus) => bus.close())));

  test.each(serviceNames)(
    '%s can do with them what it does, and nothing else',
    async (service) => {
      const administrator = open({ topicPrefix: `${service}.` });
      const bus = open({
        topicPrefix: `${service}.`,
        brokers: secure.sasl,
        sasl: { mechanism: 'scram-sha-512', ...user },
      });
      const groups = consumption[service] ?? [];
      const ownDeadLetters = deadLetterTopics.filter(({ owner }) => owner === service);
      const owned = topicCatalogue.filter(({ owner }) => owner === service);
      const foreign = topicCatalogue.find(({ owner }) => owner !== service);
      const needed = [
        ...groups.flatMap(({ topics }) => topics),
        ...ownDeadLetters,
        ...owned,
        ...(foreign ? [foreign] : []),
      ];
      await administrator.ensureTopics([
        ...new Map(needed.map((topic) => [topic.name, { ...topic, partitions: 1 }])).values(),
      ]);

      // What a consumer does before it joins: with the topics there, nothing has to be created.
      await bus.ensureTopics(ownDeadLetters);
      await bus.publish([...owned, ...ownDeadLetters].map(({ name }) => event(name)));
      await expect(bus.publish([event(foreign?.name ?? '')])).rejects.toMatchObject({ code: 'bus-misconfigured' });

      for (const { group, topics } of groups) {
        await administrator.publish(topics.map(({ name }) => event(name)));
        const received = new Set<string>();
        const all = Promise.withResolvers<void>();
        const subscription = await bus.subscribe({
          group,
          topics: topics.map(({ name }) => name),
          from: 'earliest',
          eachChunk: async (chunk) => {
            for (const record of chunk.records) received.add(record.topic);
            if (received.size === topics.length) all.resolve();
          },
          onError: all.reject,
        });
        await all.promise;
        await subscription.stop();
        await bus.lag(group);
      }
      for (const { name } of owned) for (const group of groupsThatRead(name)) await bus.lag(group, [name]);
    },
    180_000,
  );

  test('a group that reads nothing of a service is not shown to it', async () => {
    const bus = open({ topicPrefix: 'dedupe.', brokers: secure.sasl, sasl: { mechanism: 'scram-sha-512', ...user } });
    await expect(bus.lag('connector-maintenance')).rejects.toThrow('group coordinator');
  });
});
