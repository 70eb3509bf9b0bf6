import { expect, test } from '@jest/globals';
import { createLogger } from '@kempt/telemetry';
import { createApiKeyUsage } from './api-key-usage.ts';

test('many uses of a key are one write, and what could not be written is written the next time', async () => {
  const writes: string[][] = [];
  let isAway = true;
  let now = new Date(1_000);
  const usage = createApiKeyUsage({
    write: async (uses) => {
      if (isAway) throw new Error('away');
      writes.push(uses.map(({ tenantId, id, at }) => `${tenantId} ${id} ${at.getTime()}`));
    },
    logger: createLogger({ service: 'test', level: 'silent' }),
    now: () => now,
  });
  usage.note({ tenantId: 'acme', id: 'k1' });
  await usage.flush();
  now = new Date(2_000);
  usage.note({ tenantId: 'acme', id: 'k1' });
  usage.note({ tenantId: 'other', id: 'k1' });
  isAway = false;
  await usage.stop();
  expect(writes).toEqual([['acme k1 2000', 'other k1 2000']]);
  await usage.flush();
  expect(writes).toHaveLength(1);
});
