import { expect, test } from '@jest/globals';
import { runUndoTrial } from './undo-trial.ts';

test('merges that are taken back leave both CRMs as they were, apart from what the plans list', async () => {
  const report = await runUndoTrial({ merges: 12, seed: 7, say: () => undefined });
  expect(report.differences).toEqual([]);
  expect(report.merges).toBe(24);
}, 120_000);
