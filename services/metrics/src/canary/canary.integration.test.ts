import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { topics } from '@kempt/contracts';
import { type MetricsTestBed, startMetricsTestBed } from '../metrics-test-bed.ts';

let bed: MetricsTestBed;
let target: Server;
let targetStatus = 200;

beforeAll(async () => {
  target = createServer((_request, response) => {
    response.statusCode = targetStatus;
    response.end();
  });
  await new Promise<void>((resolve) => {
    target.listen(0, '127.0.0.1', resolve);
  });
  bed = await startMetricsTestBed({
    KEMPT_METRICS_CANARY_INTERVAL_MS: '100',
    KEMPT_METRICS_PROBE_INTERVAL_MS: '100',
    KEMPT_METRICS_PROBE_TARGETS: `dedupe=http://127.0.0.1:${(target.address() as AddressInfo).port}/livez`,
  });
});

afterAll(async () => {
  await bed.stop();
  target.close();
});

async function sample(start: string): Promise<number> {
  const text = await (await fetch(`${bed.url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(start))
      ?.split(' ')
      .at(-1) ?? Number.NaN,
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('It did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('canaries go through outbox and bus, and come back measured', async () => {
  await until(async () => (await sample('kempt_canary_round_trip_seconds_count{')) >= 5);
  expect(await sample('kempt_canary_sent_total{')).toBeGreaterThanOrEqual(5);
  expect(await sample('kempt_canary_round_trip_seconds_sum{')).toBeGreaterThan(0);
  expect(Date.now() / 1_000 - (await sample('kempt_canary_last_success_timestamp_seconds{'))).toBeLessThan(5);
  const partitions = new Set(bed.bus.broker.records(topics.canarySent.name).map(({ key }) => key));
  expect(partitions.size).toBe(topics.canarySent.partitions);
});

test('a probe that fails shows at once, and so does the next one that is answered', async () => {
  await until(async () => (await sample('kempt_probe_up{target="dedupe"')) === 1);
  targetStatus = 503;
  await until(async () => (await sample('kempt_probe_up{target="dedupe"')) === 0);
  targetStatus = 200;
  await until(async () => (await sample('kempt_probe_up{target="dedupe"')) === 1);
  expect(await sample('kempt_probe_duration_seconds_count{')).toBeGreaterThan(0);
});
