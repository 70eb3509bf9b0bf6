import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const sizes = JSON.stringify({ contacts: 200, companies: 60, deals: 30, activities: 40, users: 10 });

interface Ready {
  readonly salesforce: {
    readonly url: string;
    readonly orgId: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
  readonly hubspot: { readonly url: string; readonly portalId: number; readonly privateAppToken: string };
  readonly control: { readonly url: string };
}

let folder: string;
let children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kempt-simulators-'));
});

afterEach(async () => {
  for (const child of children) await stop(child);
  children = [];
  rmSync(folder, { recursive: true });
});

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function start(env: Record<string, string> = {}): Promise<{ child: ChildProcess; ready: Ready }> {
  const child = spawn(process.execPath, ['--conditions=source', main], {
    env: {
      PATH: process.env.PATH ?? '',
      KEMPT_SIMULATORS_SIZES: sizes,
      KEMPT_SIMULATORS_REAL_DATA: 'false',
      KEMPT_SIMULATORS_DATA_FOLDER: folder,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  let text = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.includes('\n')) break;
  }
  return { child, ready: JSON.parse(text) as Ready };
}

async function control(ready: Ready, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${ready.control.url}/__control${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

describe('simulators in a process of their own', () => {
  test('say where they are and with which credentials, serve both CRMs, and end on SIGTERM', async () => {
    const { child, ready } = await start();
    const { clientId, clientSecret } = ready.salesforce;
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    const token = (await (
      await fetch(`${ready.salesforce.url}/services/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) })
    ).json()) as { access_token: string };
    const query = await fetch(`${ready.salesforce.url}/services/data/v62.0/query?q=SELECT+COUNT()+FROM+Contact`, {
      headers: { authorization: `Bearer ${token.access_token}` },
    });
    expect(await query.json()).toMatchObject({ totalSize: 200 });
    const page = await fetch(`${ready.hubspot.url}/crm/v3/objects/contacts`, {
      headers: { authorization: `Bearer ${ready.hubspot.privateAppToken}` },
    });
    expect(await page.json()).toMatchObject({ results: expect.any(Array) });
    expect(await control(ready, 'GET', '/status')).toMatchObject({
      salesforce: { requests: 2 },
      hubspot: { requests: 1 },
    });
    expect(await stop(child)).toBe(0);
  });

  test('changes of every kind, the clock and the ports outlive a restart', async () => {
    const first = await start();
    const sf = (await control(first.ready, 'GET', '/salesforce/records/Contact')) as {
      Id: string;
      IsDeleted: boolean;
    }[];
    const hs = (await control(first.ready, 'GET', '/hubspot/records/contacts')) as { id: string; archived: boolean }[];
    const live = sf.filter((record) => !record.IsDeleted).map((record) => record.Id);
    const shown = hs.filter((record) => !record.archived).map((record) => record.id);
    await control(first.ready, 'POST', '/clock', { advanceMs: 86_400_000 });
    const created = (await control(first.ready, 'POST', '/salesforce/records/Contact', { LastName: 'Kept' })) as {
      id: string;
    };
    await control(first.ready, 'PATCH', `/salesforce/records/Contact/${live[0]}`, { Title: 'Changed' });
    await control(first.ready, 'DELETE', `/salesforce/records/Contact/${live[1]}`);
    await control(first.ready, 'POST', `/salesforce/records/Contact/${live[2]}/merge`, { loserIds: [live[3]] });
    const merged = (await control(first.ready, 'POST', `/hubspot/records/contacts/${shown[0]}/merge`, {
      loserIds: [shown[1]],
    })) as { id: string };
    const company = (await control(first.ready, 'POST', '/hubspot/records/companies', { name: 'Kept Ltd' })) as {
      id: string;
    };
    await control(first.ready, 'POST', `/hubspot/records/contacts/${shown[2]}/associate`, {
      object: 'companies',
      id: company.id,
      typeId: 1,
    });
    await control(first.ready, 'DELETE', `/hubspot/records/contacts/${shown[3]}`);
    await control(first.ready, 'POST', `/hubspot/records/contacts/${shown[3]}/undelete`);
    const snapshot = async (ready: Ready) => [
      await control(ready, 'GET', '/salesforce/records/Contact'),
      await control(ready, 'GET', '/hubspot/records/contacts'),
      await control(ready, 'GET', '/hubspot/records/companies'),
      await control(ready, 'GET', '/salesforce/counts'),
    ];
    const before = await snapshot(first.ready);
    await stop(first.child);

    const second = await start();
    expect(await snapshot(second.ready)).toEqual(before);
    expect([second.ready.salesforce.url, second.ready.hubspot.url]).toEqual([
      first.ready.salesforce.url,
      first.ready.hubspot.url,
    ]);
    expect(await control(second.ready, 'GET', `/salesforce/records/Contact/${created.id}`)).toMatchObject({
      LastName: 'Kept',
    });
    expect(await control(second.ready, 'GET', `/salesforce/records/Contact/${live[3]}`)).toMatchObject({
      IsDeleted: true,
      MasterRecordId: live[2],
    });
    expect(await control(second.ready, 'GET', `/hubspot/records/contacts/${shown[0]}`)).toMatchObject({
      hs_object_id: merged.id,
    });
    expect(await control(second.ready, 'GET', `/hubspot/records/contacts/${shown[2]}`)).toMatchObject({
      associatedcompanyid: company.id,
    });
    const status = (await control(second.ready, 'GET', '/status')) as { clockOffsetMs: number };
    expect(status.clockOffsetMs).toBe(86_400_000);
    const next = (await control(second.ready, 'POST', '/salesforce/records/Contact', { LastName: 'Next' })) as {
      id: string;
    };
    expect(next.id > created.id).toBe(true);
  });

  test('faults and settings can be set from outside', async () => {
    const { ready } = await start();
    const { id } = (await control(ready, 'POST', '/hubspot/faults', {
      path: '/owners',
      times: 2,
      effect: { kind: 'named', name: 'locked' },
    })) as { id: number };
    const ask = async () =>
      (
        await fetch(`${ready.hubspot.url}/crm/v3/owners`, {
          headers: { authorization: `Bearer ${ready.hubspot.privateAppToken}` },
        })
      ).status;
    expect(await ask()).toBe(423);
    expect(await control(ready, 'GET', '/hubspot/faults')).toMatchObject([{ id, hits: 1, remaining: 1 }]);
    await control(ready, 'DELETE', `/hubspot/faults/${id}`);
    expect(await ask()).toBe(200);
    await control(ready, 'POST', '/hubspot/settings', { scopes: ['oauth'] });
    expect(await ask()).toBe(403);
    await expect(control(ready, 'GET', '/dynamics/counts')).rejects.toThrow('use salesforce or hubspot');
  });

  test('the write log tells who wrote what and how often, and outlives a restart', async () => {
    const first = await start();
    const { id } = (await control(first.ready, 'POST', '/hubspot/records/companies', { name: 'Logged' })) as {
      id: string;
    };
    const write = (name: string) =>
      fetch(`${first.ready.hubspot.url}/crm/v3/objects/companies/${id}`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${first.ready.hubspot.privateAppToken}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ properties: { name } }),
      });
    await write('Once');
    await write('Twice');
    const expected = [
      { sequence: 2, action: 'update', application: '4711001', before: { name: 'Logged' }, after: { name: 'Once' } },
      { sequence: 3, action: 'update', before: { name: 'Once' }, after: { name: 'Twice' } },
    ];
    const filter = `object=companies&recordId=${id}&by=api`;
    expect(await control(first.ready, 'GET', `/hubspot/writes?${filter}`)).toMatchObject(expected);
    await stop(first.child);
    const { ready } = await start();
    expect(await control(ready, 'GET', `/hubspot/writes?${filter}`)).toMatchObject(expected);
    expect(await control(ready, 'GET', `/hubspot/writes?${filter}&after=2&limit=5`)).toMatchObject([{ sequence: 3 }]);
    expect(await control(ready, 'GET', '/hubspot/writes/counts?least=2')).toEqual([
      { object: 'companies', recordId: id, action: 'update', by: 'api', count: 2, sequences: [2, 3] },
    ]);
  });

  test('a CRM can be away in four ways, until it is told to be back or by the clock on the wall', async () => {
    const { ready } = await start();
    const ask = async (): Promise<number | string> => {
      try {
        const signal = AbortSignal.timeout(300);
        return (await fetch(`${ready.hubspot.url}/crm/v3/owners`, { signal })).status;
      } catch (error) {
        const cause = (error as { cause?: { code?: string } }).cause?.code;
        return cause ?? (error as Error).name;
      }
    };
    const away = (kind: string, more: object = {}) => control(ready, 'POST', '/hubspot/outages', { kind, ...more });
    expect(await ask()).toBe(401);
    await away('refused');
    expect(await ask()).toBe('ECONNREFUSED');
    await away('reset');
    expect(await ask()).toMatch(/^(?:ECONNRESET|UND_ERR_SOCKET)$/);
    await away('unavailable');
    expect(await ask()).toBe(503);
    await away('slow', { delayMs: 5000 });
    expect(await ask()).toBe('TimeoutError');
    await control(ready, 'DELETE', '/hubspot/outages');
    expect(await ask()).toBe(401);
    await away('refused', { seconds: 0.3 });
    expect(await ask()).toBe('ECONNREFUSED');
    const deadline = Date.now() + 5000;
    while ((await ask()) !== 401 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ask()).toBe(401);
    const past = (await control(ready, 'GET', '/hubspot/outages')) as {
      kind: string;
      startedAt: string;
      endedAt: string | null;
    }[];
    expect(past.map(({ kind }) => kind)).toEqual(['refused', 'reset', 'unavailable', 'slow', 'refused']);
    expect(past.every(({ startedAt, endedAt }) => endedAt !== null && startedAt <= endedAt)).toBe(true);
    expect(await control(ready, 'GET', '/salesforce/outages')).toEqual([]);
    await expect(away('vanished')).rejects.toThrow('use refused, reset, unavailable, slow');
  });

  test('end when the pipe of the parent ends, if told to', async () => {
    const { child } = await start({ KEMPT_SIMULATORS_STOP_WITH_STDIN: 'true' });
    child.stdin?.end();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});
