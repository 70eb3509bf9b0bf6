import { expect, test } from '@jest/globals';
import {
  CanarySentSchema,
  create,
  encodeEvent,
  idKey,
  type PositionedRecord,
  timestampFromDate,
  topics,
} from '@kempt/contracts';
import { createMetrics } from '@kempt/telemetry';
import { canaryTenant, createCanaryWatch } from './canary.ts';

const begunMs = Date.parse('2026-05-04T10:00:00Z');

function canary(sentMs: number): PositionedRecord {
  const time = new Date(sentMs);
  const record = encodeEvent(
    {
      id: '018df3a0-0000-7000-8000-000000000001',
      tenantId: canaryTenant,
      source: '/kempt/metrics',
      subject: '1',
      key: idKey(canaryTenant, '1'),
      time,
      recordedTime: time,
      sequence: 1,
      topic: topics.canarySent,
      data: create(CanarySentSchema, { sentAt: timestampFromDate(time) }),
    },
    { name: 'protobuf' },
  );
  return { ...record, partition: 0, offset: 1n, timestampMs: sentMs };
}

function watch() {
  let nowMs = begunMs;
  const metrics = createMetrics('test');
  const see = createCanaryWatch({ group: 'dedupe', metrics, now: () => nowMs });
  const value = async (name: string): Promise<number | undefined> => {
    const text = await metrics.registry.metrics();
    const line = text.split('\n').find((one) => one.startsWith(`${name}{`));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };
  return {
    see: (sentMs: number, arrivedMs: number) => {
      nowMs = arrivedMs;
      see([canary(sentMs)]);
    },
    value,
  };
}

test('a canary is measured from its sending to its arrival, and the newest one is the last success', async () => {
  const { see, value } = watch();
  see(begunMs + 1_000, begunMs + 3_500);
  see(begunMs + 500, begunMs + 4_000);
  expect(await value('kempt_canary_round_trip_seconds_sum')).toBe(6);
  expect(await value('kempt_canary_round_trip_seconds_count')).toBe(2);
  expect(await value('kempt_canary_last_success_timestamp_seconds')).toBe((begunMs + 1_000) / 1_000);
});

test('canaries from before the watch are history: they count neither as good nor as late', async () => {
  const { see, value } = watch();
  see(begunMs - 3_600_000, begunMs + 1);
  expect(await value('kempt_canary_round_trip_seconds_count')).toBeUndefined();
});

test('a sender whose clock is ahead gives no negative time', async () => {
  const { see, value } = watch();
  see(begunMs + 2_000, begunMs + 1_000);
  expect(await value('kempt_canary_round_trip_seconds_sum')).toBe(0);
});
