import { describe, expect, test } from '@jest/globals';
import { createLogger } from '@kempt/telemetry';
import { awaitDependency } from './dependency.ts';

function capture(): { readonly logger: ReturnType<typeof createLogger>; messages(): string[] } {
  const lines: string[] = [];
  const logger = createLogger({ service: 'test', destination: { write: (line: string) => void lines.push(line) } });
  return { logger, messages: () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg) };
}

const quick = { name: 'Kafka', firstPauseMs: 1, longestPauseMs: 2, random: () => 0 };

describe('a dependency that is away', () => {
  test('is asked until it answers; the log tells once why, once that it is back', async () => {
    const { logger, messages } = capture();
    const waiting: (string | undefined)[] = [];
    let asked = 0;
    await awaitDependency({
      ...quick,
      attempt: async () => {
        asked += 1;
        if (asked < 5) throw new Error('connection refused');
      },
      signal: new AbortController().signal,
      logger,
      onWaiting: (reason) => waiting.push(reason),
    });
    expect(asked).toBe(5);
    expect(new Set(waiting.slice(0, -1))).toEqual(new Set(['Kafka: connection refused']));
    expect(waiting.at(-1)).toBeUndefined();
    expect(messages()).toEqual(['dependency is away; trying on', 'dependency answers']);
  });

  test('is left alone when its error will not pass by itself', async () => {
    const { logger } = capture();
    let asked = 0;
    const refused = Object.assign(new Error('wrong password'), { retriable: false });
    const attempt = async (): Promise<void> => {
      asked += 1;
      throw refused;
    };
    const waiting = awaitDependency({
      ...quick,
      attempt,
      signal: new AbortController().signal,
      logger,
      onWaiting: () => undefined,
    });
    await expect(waiting).rejects.toBe(refused);
    expect(asked).toBe(1);
  });

  test('is no longer waited for once the service is told to stop', async () => {
    const { logger } = capture();
    const stop = new AbortController();
    const waiting = awaitDependency({
      ...quick,
      firstPauseMs: 60_000,
      longestPauseMs: 60_000,
      attempt: () => Promise.reject(new Error('away')),
      signal: stop.signal,
      logger,
      onWaiting: () => stop.abort(new Error('stopping')),
    });
    await expect(waiting).rejects.toThrow('stopping');
  });
});
