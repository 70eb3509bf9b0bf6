import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { createMetrics } from '@kempt/telemetry';
import { expressionOf } from './alerts/alert.ts';
import { alertNames, alerts } from './alerts/alerts.ts';
import { burnRates } from './burn-rate.ts';
import { packExpressions } from './pack-expression.ts';
import { stimulusNames, weaknessOf } from './proof.ts';
import { recordingRules } from './recording-rules.ts';
import { runbookHeadings } from './runbook.ts';
import { createScale, production } from './scale.ts';
import { slos } from './slo.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const runbooks = fileURLToPath(new URL('../runbooks/', import.meta.url));

/** Names of metrics as the services declare them in their source. */
function declaredMetrics(): Set<string> {
  const names = new Set<string>();
  for (const folder of ['packages', 'services']) {
    for (const file of readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts') || /node_modules|dist\//.test(file)) continue;
      const text = readFileSync(`${root}/${folder}/${file}`, 'utf8');
      for (const [, name] of text.matchAll(/'(kempt_[a-z0-9_]+)'/g)) names.add(name as string);
    }
  }
  return names;
}

/** Names of series in an expression: words that are not functions, labels, texts or windows. */
function seriesIn(expr: string): string[] {
  const bare = expr.replaceAll(/\{[^}]*\}|\[[^\]]*\]|\b(by|on|without)\s*\([^)]*\)/g, ' ');
  return [...bare.matchAll(/(?<![\w:])([a-z_][a-z0-9_:]*)(?![\w:(])(?!\s*\()/gi)]
    .map(([, name]) => name as string)
    .filter((name) => !['and', 'or', 'unless', 'bool'].includes(name));
}

describe('every expression', () => {
  test('is over metrics that a service declares, that the process gives, or that a rule records', async () => {
    const records = new Set(recordingRules(production).map(({ record }) => record));
    const declared = declaredMetrics();
    const ofProcess = new Set((await createMetrics('test').registry.getMetricsAsJSON()).map(({ name }) => name));
    const ofPrometheus = new Set(['up', 'ALERTS', 'scrape_samples_scraped']);
    for (const { where, expr } of packExpressions(production)) {
      const series = seriesIn(expr);
      expect([where, series.length]).not.toEqual([where, 0]);
      for (const name of series) {
        const base = name.replace(/_(bucket|sum|count)$/, '');
        const isKnown =
          [name, base].some((one) => declared.has(one) || ofProcess.has(one)) ||
          records.has(name) ||
          ofPrometheus.has(name);
        expect([where, name, isKnown]).toEqual([where, name, true]);
      }
    }
  });

  test('says how it is seen to change, and what it says would be missed if it did not', () => {
    for (const { where, proof } of packExpressions(production)) {
      expect([where, weaknessOf(proof)]).toEqual([where, undefined]);
      expect(stimulusNames).toContain(proof.stimulus);
    }
  });

  test('names neither tenants nor accounts', () => {
    for (const { expr } of packExpressions(production)) expect(expr).not.toMatch(/\baccount\b|record_id/);
  });
});

describe('every alert', () => {
  test.each(alertNames)('%s has a runbook that says what it means, what to do, and when it is over', (name) => {
    const file = `${runbooks}${name}.md`;
    expect(existsSync(file)).toBe(true);
    const text = readFileSync(file, 'utf8');
    expect(text.startsWith(`# ${name}\n`)).toBe(true);
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([...runbookHeadings]);
  });

  test('names only labels in its texts that its expression keeps', () => {
    for (const alert of alerts) {
      const expr = expressionOf(alert, production);
      for (const [, label] of `${alert.summary} ${alert.description}`.matchAll(/\$labels\.(\w+)/g)) {
        expect([alert.name, label, new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr)]).toEqual([
          alert.name,
          label,
          true,
        ]);
      }
    }
  });

  test('there is no runbook without an alert, and no link in one that leads nowhere', () => {
    expect(readdirSync(runbooks).sort()).toEqual(alertNames.map((name) => `${name}.md`).sort());
    for (const file of readdirSync(runbooks)) {
      for (const [, link] of readFileSync(`${runbooks}${file}`, 'utf8').matchAll(/\]\(([^)]+\.md)\)/g)) {
        expect([file, link, existsSync(`${runbooks}${link}`)]).toEqual([file, link, true]);
      }
    }
  });
});

test('factors of burn rates are those of the SRE Workbook', () => {
  expect(burnRates.map(({ severity, factor }) => [severity, factor])).toEqual([
    ['page', 14.4],
    ['page', 6],
    ['ticket', 3],
    ['ticket', 1],
  ]);
});

test('objectives leave a budget, and say what is good', () => {
  for (const { objective, promise } of slos) {
    expect(objective).toBeGreaterThan(0.9);
    expect(objective).toBeLessThan(1);
    expect(promise).toMatch(/, out of /);
  }
});

test('a scale shortens windows and bounds alike, and says windows as Prometheus reads them', () => {
  const short = createScale(1 / 60);
  expect([300, 3_600, 259_200].map((seconds) => short.duration(seconds))).toEqual(['5s', '1m', '72m']);
  expect([production.duration(259_200), createScale(1 / 1_000).duration(300)]).toEqual(['3d', '300ms']);
  expect(short.seconds(900)).toBe('15');
  expect(short.bucket(120, [1, 2.5, 5])).toBe('2.5');
});
