import { describe, expect, test } from '@jest/globals';
import { settingsOf } from './kafka-options.ts';

const logger = { debug: () => {}, info: () => {}, warn: () => {} };
const base = { brokers: ['kafka-0.kafka:9092', '[::1]:9092'], clientId: 'test', logger };

describe('options', () => {
  test('defaults leave consumers time and keep erasures within a week', () => {
    const settings = settingsOf({ ...base, compaction: { segmentMs: 1_000 } });
    expect(settings).toMatchObject({
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 90_000,
      heartbeatIntervalMs: 3_000,
    });
    expect(settings.compaction).toMatchObject({ segmentMs: 1_000, maxCompactionLagMs: 7 * 86_400_000 });
  });

  test.each([
    ['brokers', { brokers: [] }],
    ['brokers', { brokers: ['kafka'] }],
    ['brokers', { brokers: ['kafka:9092,other:9092'] }],
    ['topicPrefix', { topicPrefix: 'acme:' }],
    ['heartbeatIntervalMs', { heartbeatIntervalMs: 2_000, sessionTimeoutMs: 3_000 }],
  ])('an option that cannot be is named: %s %j', (name, wrong) => {
    expect(() => settingsOf({ ...base, ...wrong })).toThrow(name);
  });
});
