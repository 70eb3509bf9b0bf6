import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { settingsTable, tableCells } from '@kempt/service-runtime';
import { gatewayConfigSchema } from './config.ts';

test('the README lists every setting of the gateway as it is', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(tableCells(readme)).toEqual(expect.arrayContaining(tableCells(settingsTable(gatewayConfigSchema))));
});
