import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDataFolder } from './data-folder.ts';

let parent: string;
let path: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'kempt-data-folder-'));
  path = join(parent, 'data');
});

afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

describe('data folder', () => {
  test('a new folder gets secrets that a second start finds again', async () => {
    const first = await openDataFolder(path, process);
    await first.release();
    const second = await openDataFolder(path, process);
    expect(first.isNew).toBe(true);
    expect(second.isNew).toBe(false);
    expect(second.secrets).toEqual(first.secrets);
    await second.release();
  });

  test('a second Kempt on the same folder is refused and told which process has it', async () => {
    const folder = await openDataFolder(path, process);
    await expect(openDataFolder(path, process)).rejects.toThrow(
      `in use by another Kempt (process ${process.pid}). Stop that one, or name another folder in KEMPT_DATA_DIR.`,
    );
    await folder.release();
  });

  test('the lock of a process that was killed is taken over', async () => {
    await mkdir(path);
    await writeFile(join(path, 'kempt.pid'), '4194303 1');
    const folder = await openDataFolder(path, process);
    await folder.release();
  });

  test('the lock of a process whose id another process has now is taken over', async () => {
    await mkdir(path);
    await writeFile(join(path, 'kempt.pid'), `${process.pid} 1`);
    const folder = await openDataFolder(path, process);
    await folder.release();
  });

  test('a folder that a file stands in the way of is refused with the remedy', async () => {
    await writeFile(path, '');
    await expect(openDataFolder(path, process)).rejects.toThrow('name another one in KEMPT_DATA_DIR');
  });

  test('a folder that cannot be written to is refused with the remedy', async () => {
    await mkdir(path);
    await chmod(path, 0o555);
    // Root may write whatever the mode says, so for root a place where nobody may make folders stands in.
    const readOnly = process.getuid?.() === 0 ? '/sys/kempt' : path;
    await expect(openDataFolder(readOnly, process)).rejects.toThrow('cannot be written to');
    await chmod(path, 0o755);
  });

  test('half-written secrets are refused instead of replaced', async () => {
    const folder = await openDataFolder(path, process);
    await folder.release();
    const file = join(path, 'secrets.json');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 40));
    await expect(openDataFolder(path, process)).rejects.toThrow('damaged: secrets.json cannot be read');
  });

  test('missing secrets beside a filled database are refused instead of made anew', async () => {
    const folder = await openDataFolder(path, process);
    await folder.release();
    await mkdir(join(path, 'postgres'));
    await rm(join(path, 'secrets.json'));
    await expect(openDataFolder(path, process)).rejects.toThrow('damaged: secrets.json is missing');
  });

  test('a folder of a later release is refused', async () => {
    await mkdir(path);
    await writeFile(join(path, 'layout.json'), JSON.stringify({ layoutVersion: 99 }));
    await expect(openDataFolder(path, process)).rejects.toThrow('written by a later release of Kempt');
  });

  test('secrets are readable by their owner only', async () => {
    const folder = await openDataFolder(path, process);
    const { stat } = await import('node:fs/promises');
    expect((await stat(join(path, 'secrets.json'))).mode & 0o777).toBe(0o600);
    await folder.release();
  });
});
