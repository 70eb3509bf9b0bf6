import { describe, expect, test } from '@jest/globals';
import { createRepeatedWork } from './repeated-work.ts';
import { until } from './testing.ts';

const longMs = 600_000;

describe('repeated work', () => {
  test('takes a turn at once, the next one when it is woken, and none after the stop', async () => {
    let turns = 0;
    const work = createRepeatedWork({
      name: 'counting',
      intervalMs: longMs,
      turn: async () => {
        turns += 1;
      },
      onFailure: () => undefined,
    });
    await work.start();
    await until(() => turns === 1);
    work.wake();
    await until(() => turns === 2);
    await work.stop();
    work.wake();
    expect(turns).toBe(2);
  });

  test('does not forget who wakes it in the middle of a turn', async () => {
    let turns = 0;
    const work = createRepeatedWork({
      name: 'counting',
      intervalMs: longMs,
      turn: async () => {
        turns += 1;
        if (turns === 1) work.wake();
      },
      onFailure: () => undefined,
    });
    await work.start();
    await until(() => turns === 2);
    await work.stop();
  });

  test('goes on after failures, which are told with their number in a row', async () => {
    const told: number[] = [];
    let turns = 0;
    const work = createRepeatedWork({
      name: 'failing',
      intervalMs: 1,
      longestPauseMs: 4,
      turn: async () => {
        turns += 1;
        if (turns !== 3) throw new Error('not yet');
      },
      onFailure: (_, failures) => told.push(failures),
    });
    await work.start();
    await until(() => told.length >= 4);
    await work.stop();
    expect(told.slice(0, 4)).toEqual([1, 2, 1, 2]);
  });

  test('waits before its first turn when it is told to, and a stop ends that wait', async () => {
    let turns = 0;
    const work = createRepeatedWork({
      name: 'late',
      intervalMs: 1,
      firstAfterMs: longMs,
      turn: async () => {
        turns += 1;
      },
      onFailure: () => undefined,
    });
    await work.start();
    await work.stop();
    expect(turns).toBe(0);
  });

  test('stops only after the turn at hand, whose signal says so', async () => {
    const finished: string[] = [];
    let begun = false;
    const work = createRepeatedWork({
      name: 'slow',
      intervalMs: longMs,
      turn: async (signal) => {
        begun = true;
        await until(() => signal.aborted);
        finished.push('turn');
      },
      onFailure: () => undefined,
    });
    await work.start();
    await until(() => begun);
    await work.stop();
    expect(finished).toEqual(['turn']);
  });
});
