import { describe, expect, test } from '@jest/globals';
import { judgeGate } from './proposal-gate.ts';

const limits = { precisionTarget: 0.99, probabilityMin: 0.99 };

describe('the gate of automatic merges', () => {
  test('is closed without verdicts, and says how many would open it', () => {
    const gate = judgeGate({ same: 0, different: 0, unsure: 0 }, limits);
    expect(gate).toMatchObject({ open: false, precision: null, lowerBound: 0, verdictsMissing: 299 });
    expect(gate.reason).toContain('299 more verdicts');
  });

  test('opens when the lower bound, not the share, reaches the target', () => {
    expect(judgeGate({ same: 100, different: 0, unsure: 0 }, limits).open).toBe(false);
    expect(judgeGate({ same: 299, different: 0, unsure: 0 }, limits)).toMatchObject({ open: true, verdictsMissing: 0 });
    expect(judgeGate({ same: 99, different: 1, unsure: 0 }, limits).open).toBe(false);
    expect(judgeGate({ same: 990, different: 10, unsure: 0 }, limits).open).toBe(false);
  });

  test('closes when a pair turns out to be different, or nobody can tell', () => {
    expect(judgeGate({ same: 299, different: 1, unsure: 0 }, limits).open).toBe(false);
    expect(judgeGate({ same: 299, different: 0, unsure: 1 }, limits).open).toBe(false);
    expect(judgeGate({ same: 472, different: 1, unsure: 0 }, limits).open).toBe(true);
  });

  test('is closed while records are scored anew', () => {
    expect(judgeGate({ same: 1000, different: 0, unsure: 0 }, limits, { isRescoring: true })).toMatchObject({
      open: false,
      verdictsMissing: 0,
    });
  });
});
