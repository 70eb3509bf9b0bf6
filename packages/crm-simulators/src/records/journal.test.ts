import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openJournal } from './journal.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kempt-journal-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function readBack(path: string, load = 'seed'): unknown[] {
  const entries: unknown[] = [];
  openJournal(path, load, (entry) => entries.push(entry)).close();
  return entries;
}

describe('journal', () => {
  test('hands back every entry in order after a restart', () => {
    const path = join(folder, 'crm.jsonl');
    const journal = openJournal<{ n: number }>(path, 'seed', () => {});
    for (let n = 0; n < 5; n++) journal.append({ n });
    journal.close();
    expect(readBack(path)).toEqual([0, 1, 2, 3, 4].map((n) => ({ n })));
  });

  test('drops a last line cut short by a crash, and goes on after the whole ones', () => {
    const path = join(folder, 'crm.jsonl');
    const journal = openJournal<{ n: number }>(path, 'seed', () => {});
    journal.append({ n: 1 });
    journal.close();
    appendFileSync(path, '{"n":2');
    const again = openJournal<{ n: number }>(path, 'seed', () => {});
    again.append({ n: 3 });
    again.close();
    expect(readBack(path)).toEqual([{ n: 1 }, { n: 3 }]);
    expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
  });

  test('refuses changes that were made to another load', () => {
    const path = join(folder, 'crm.jsonl');
    openJournal(path, 'one seed', () => {}).close();
    expect(() => openJournal(path, 'another seed', () => {})).toThrow('belongs to another load');
  });
});
