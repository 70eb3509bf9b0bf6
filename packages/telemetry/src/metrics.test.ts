import { describe, expect, test } from '@jest/globals';
import { register } from 'prom-client';
import { createMetrics, type Gauge } from './metrics.ts';

describe('registry', () => {
  test('each service has its own, and the default one stays empty', async () => {
    const one = createMetrics('connector', { version: '1.2.3' });
    const other = createMetrics('dedupe');
    one.counter('kempt_records_read_total', 'Records read.').inc();
    expect(await one.registry.metrics()).toContain('kempt_records_read_total{service="connector"} 1');
    expect(await other.registry.metrics()).not.toContain('kempt_records_read_total');
    expect(await one.registry.metrics()).toMatch(/kempt_build_info\{version="1\.2\.3".*service="connector"\} 1/);
    expect(await one.registry.metrics()).toContain('process_cpu_seconds_total');
    expect(await register.metrics()).toBe('\n');
  });

  test('asking again gives the same metric', () => {
    const metrics = createMetrics('test');
    const first = metrics.counter('kempt_records_read_total', 'Records read.', ['system']);
    expect(metrics.counter('kempt_records_read_total', 'Records read.', { labels: ['system'] })).toBe(first);
  });

  test('asking again with another kind or other labels is refused', () => {
    const metrics = createMetrics('test');
    metrics.gauge('kempt_queue_rows', 'Rows that wait.', ['lane']);
    expect(() => metrics.gauge('kempt_queue_rows', 'Rows that wait.', ['topic'])).toThrow(
      /exists as a gauge with labels \[lane\]/,
    );
    expect(() => metrics.histogram('kempt_queue_rows', 'Rows that wait.', ['lane'])).toThrow(/asked for a histogram/);
  });

  test('a gauge may be read at the scrape, a histogram takes its buckets', async () => {
    const metrics = createMetrics('test');
    const gauge: Gauge = metrics.gauge('kempt_queue_rows', 'Rows that wait.', { collect: () => gauge.set(7) });
    const histogram = metrics.histogram('kempt_wait_seconds', 'Time spent waiting.', { buckets: [1, 2] });
    histogram.observe(1.5);
    const text = await metrics.registry.metrics();
    expect(text).toContain('kempt_queue_rows{service="test"} 7');
    expect(text).toContain('kempt_wait_seconds_bucket{le="1",service="test"} 0');
    expect(text).toContain('kempt_wait_seconds_bucket{le="2",service="test"} 1');
    expect(text).not.toContain('le="10"');
  });
});

describe('naming rule', () => {
  const metrics = createMetrics('test');

  test.each([
    ['records_read_total', 'begin with kempt_'],
    ['kempt_recordsRead_total', 'snake case'],
    ['kempt_records_read', 'ends with _total'],
    ['kempt_wait_ms_total', 'base unit seconds'],
  ])('counter %s is refused: %s', (name, reason) => {
    expect(() => metrics.counter(name, 'Help.')).toThrow(reason);
  });

  test('a gauge does not end with _total, a histogram ends with its unit', () => {
    expect(() => metrics.gauge('kempt_rows_total', 'Help.')).toThrow('only counters end with _total');
    expect(() => metrics.gauge('kempt_used_percent', 'Help.')).toThrow('base unit ratio');
    expect(() => metrics.histogram('kempt_wait', 'Help.')).toThrow('ends with its unit');
  });

  test('a metric without help, or with a label that has no bound, is refused', () => {
    expect(() => metrics.counter('kempt_things_total', ' ')).toThrow('needs a help text');
    expect(() => metrics.counter('kempt_things_total', 'Things.', ['record_id'])).toThrow('no bound');
    expect(() => metrics.counter('kempt_things_total', 'Things.', ['Object'])).toThrow('snake case');
  });
});

test('a scrape answers although one gauge hangs and another fails, with what they knew before', async () => {
  const metrics = createMetrics('test');
  const hanging = metrics.gauge('kempt_hanging_rows', 'Never measured.', {
    collect: () => new Promise(() => undefined),
  });
  metrics.gauge('kempt_failing_rows', 'Cannot be measured.', { collect: () => Promise.reject(new Error('away')) });
  hanging.set(3);
  const begunMs = performance.now();
  const text = await metrics.registry.metrics();
  expect(performance.now() - begunMs).toBeLessThan(2_000);
  expect(text).toContain('kempt_hanging_rows{service="test"} 3');
  expect(text).toContain('kempt_failing_rows{service="test"} 0');
});
