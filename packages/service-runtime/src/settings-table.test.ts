import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { runtimeConfigSchema } from './runtime-config.ts';
import { settingsTable, tableCells } from './settings-table.ts';

test('the README lists every common setting as it is', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(tableCells(readme)).toEqual(expect.arrayContaining(tableCells(settingsTable(runtimeConfigSchema))));
});
