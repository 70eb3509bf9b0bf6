import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { settingsTable, tableCells } from '@kempt/service-runtime';
import { dedupeConfigSchema } from './config.ts';

test('the README lists every setting of dedupe as it is', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(tableCells(readme)).toEqual(expect.arrayContaining(tableCells(settingsTable(dedupeConfigSchema))));
});
