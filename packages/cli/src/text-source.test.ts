import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { readText } from './text-source.ts';

test('the text of a file or of standard input comes without its last line break', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kempt-cli-test-'));
  try {
    const file = path.join(folder, 'secret');
    writeFileSync(file, ' a\nb \r\n\n');
    expect(await readText(file, Readable.from([]))).toBe(' a\nb ');
    expect(await readText('-', Readable.from([Buffer.from('to'), Buffer.from('ken\n')]))).toBe('token');
    await expect(readText(path.join(folder, 'missing'), Readable.from([]))).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringContaining('cannot be read: ENOENT'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
