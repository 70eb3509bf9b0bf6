import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openOutputFile } from './output-file.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kempt-cli-output-'));
  file = path.join(folder, 'out.csv');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('the content appears whole at commit, and nothing else remains', async () => {
  const output = await openOutputFile(file);
  await output.write(['a\n', Buffer.from('é\n')]);
  expect(readdirSync(folder)).not.toContain('out.csv');
  await output.commit();
  await output.discard();
  expect(readdirSync(folder)).toEqual(['out.csv']);
  expect(readFileSync(file, 'utf8')).toBe('a\né\n');
});

test('work that fails or is stopped leaves what was there before', async () => {
  writeFileSync(file, 'before');
  const output = await openOutputFile(file);
  await output.write(['half']);
  const stop = new AbortController();
  stop.abort(new Error('interrupted'));
  await expect(output.write(['rest'], stop.signal)).rejects.toThrow('interrupted');
  await output.discard();
  expect(readdirSync(folder)).toEqual(['out.csv']);
  expect(readFileSync(file, 'utf8')).toBe('before');
});

test('a link stays a link, and the file behind it keeps its rights', async () => {
  const real = path.join(folder, 'real.csv');
  writeFileSync(real, 'before');
  chmodSync(real, 0o600);
  symlinkSync(real, file);
  const output = await openOutputFile(file);
  await output.write(['after']);
  await output.commit();
  expect(readFileSync(real, 'utf8')).toBe('after');
  expect(statSync(real).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).sort()).toEqual(['out.csv', 'real.csv']);
});

test('a place that cannot be written to is refused before any work', async () => {
  await expect(openOutputFile(path.join(folder, 'missing', 'out.csv'))).rejects.toMatchObject({
    code: 'file-unwritable',
    exitCode: 2,
  });
  await expect(openOutputFile(folder)).rejects.toMatchObject({ code: 'not-a-file' });
});
