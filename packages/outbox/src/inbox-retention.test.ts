import { expect, test } from '@jest/globals';
import { inboxRetentionDays } from './inbox-retention.ts';

const dayMs = 86_400_000;

test('an inbox remembers a week longer than the topic that remembers longest', () => {
  const topic = (cleanup: 'delete' | 'compact', days: number) => ({
    name: 't',
    partitions: 1,
    cleanup,
    retentionMs: days * dayMs,
  });
  expect(inboxRetentionDays([topic('delete', 14)])).toBe(21);
  expect(inboxRetentionDays([topic('delete', 14), topic('delete', 20.5)])).toBe(28);
  expect(inboxRetentionDays([topic('compact', 0)])).toBe(37);
  expect(inboxRetentionDays([topic('delete', 1)])).toBe(14);
});
