import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { runCli } from '../cli.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await startTestDatabase();
});
afterAll(() => testDatabase.stop());

async function provision(env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli({
    args: ['provision'],
    env,
    version: '1.0.0',
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readText: async () => 'unused',
  });
  return { code, out, err };
}

function roleUrl(name: string, password: string): string {
  const url = new URL(testDatabase.adminUrl);
  url.username = `${url.pathname.slice(1)}_${name}`;
  url.password = encodeURIComponent(password);
  return url.href;
}

describe('kempt provision', () => {
  test('a service logs in as its own role afterwards, also after its password was changed', async () => {
    for (const password of ['first: pass/word', 'second']) {
      const url = roleUrl('dedupe', password);
      const { code, out } = await provision({
        KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl,
        KEMPT_DEDUPE_DATABASE_URL: url,
      });
      expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Schema dedupe') });
      const database = openDatabase({ url, schema: 'dedupe', applicationName: 'test' });
      await database.ping();
      await database.close();
    }
  });

  test('says what is missing, and never shows a password', async () => {
    expect(await provision({})).toMatchObject({ code: 2, err: expect.stringContaining('KEMPT_DATABASE_ADMIN_URL') });
    const without = await provision({ KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl });
    expect(without).toMatchObject({ code: 2, err: expect.stringContaining('KEMPT_GATEWAY_DATABASE_URL') });
    const wrong = await provision({
      KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl,
      KEMPT_METRICS_DATABASE_URL: 'postgres://:hidden@h/kempt',
    });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('KEMPT_METRICS_DATABASE_URL must look like') });
    expect(wrong.err).not.toContain('hidden');
  });
});
