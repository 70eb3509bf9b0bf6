import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { alerts } from './alerts/alerts.ts';
import { ruleFile } from './rule-file.ts';
import { ruleTests } from './rule-tests.ts';
import { createScale } from './scale.ts';

const generated = fileURLToPath(new URL('../generated/', import.meta.url));
const isThere = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;

/** The suite where the tools of Prometheus are installed; elsewhere it is named as skipped, with the reason. */
function describeWithPromtool(name: string, suite: () => void): void {
  const missing = ['promtool', 'amtool'].filter((tool) => !isThere(tool));
  if (missing.length === 0) return describe(name, suite);
  const reason = `${missing.join(' and ')} not found (Debian packages prometheus and prometheus-alertmanager)`;
  if (process.env['KEMPT_REQUIRE_PROMETHEUS'] === '1') {
    return describe(name, () => {
      test('has its tools', () => {
        throw new Error(reason);
      });
    });
  }
  const file = process.env['KEMPT_SKIPPED_SUITES_FILE'];
  if (file !== undefined) appendFileSync(file, `rules of Prometheus: ${reason}\n`);
  describe.skip(`${name} (${reason})`, suite);
}

describeWithPromtool('rules in the hands of promtool', () => {
  test('are valid, as generated and with short windows', () => {
    execFileSync('promtool', ['check', 'rules', join(generated, 'prometheus', 'rules.yaml')]);
    const folder = mkdtempSync(join(tmpdir(), 'kempt-rules-'));
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, stringify(ruleFile({ scale: createScale(1 / 60), runbookBase: 'x' })));
    execFileSync('promtool', ['check', 'rules', file]);
    rmSync(folder, { recursive: true });
  });

  test('fire for each alert under its input, and stay silent under another', () => {
    const result = spawnSync('promtool', ['test', 'rules', 'rules.test.yaml'], {
      cwd: join(generated, 'prometheus'),
      encoding: 'utf8',
    });
    expect(`${result.stdout}${result.stderr}`).not.toContain('FAILED');
    expect(result.status).toBe(0);
    const { tests } = parse(readFileSync(join(generated, 'prometheus', 'rules.test.yaml'), 'utf8')) as {
      tests: unknown[];
    };
    expect(tests).toHaveLength(alerts.length * 2);
    expect(tests).toEqual((ruleTests('rules.yaml') as { tests: unknown[] }).tests);
  });

  test('do not fire in the tests for the wrong reason: an alert that never fires fails its test', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kempt-rules-'));
    const text = readFileSync(join(generated, 'prometheus', 'rules.yaml'), 'utf8');
    writeFileSync(join(folder, 'rules.yaml'), text.replaceAll(/expr: (.*up\{job="kempt"\}\)) == 0/g, 'expr: $1 == 7'));
    const all = ruleTests('rules.yaml') as { readonly tests: readonly { readonly name: string }[] };
    const tests = all.tests.filter(({ name }) => name.startsWith('KemptServiceDown'));
    writeFileSync(join(folder, 'rules.test.yaml'), stringify({ ...all, tests }));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'rules.test.yaml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain('KemptServiceDown');
    rmSync(folder, { recursive: true });
  });

  test('come with configurations that Prometheus and Alertmanager take', () => {
    execFileSync('promtool', ['check', 'config', join(generated, 'prometheus', 'prometheus.yml')]);
    execFileSync('amtool', ['check-config', join(generated, 'alertmanager', 'alertmanager.yml')]);
  });
});
