import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { settingsTable, tableCells } from '@kempt/service-runtime';
import { integrationAuditConfigSchema } from './config.ts';
import { auditRules } from './findings/audit-rules.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the README lists every setting of integration-audit as it is', () => {
  expect(tableCells(readme)).toEqual(expect.arrayContaining(tableCells(settingsTable(integrationAuditConfigSchema))));
});

test('the README lists every rule', () => {
  const listed = [...readme.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, id]) => id);
  expect(listed).toEqual(auditRules.map(({ id }) => id));
});
