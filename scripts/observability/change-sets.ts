import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from './scene.ts';

interface ChangeSetView {
  readonly id: string;
  readonly state: string;
  readonly task?: string;
  readonly planHash?: string;
}

const writes = 8;
const endMs = 30_000;

/** Writes to a CRM the way everybody has to: planned, approved, applied. Some succeed; the CRM refuses the others. */
export async function applyWrites(scene: Scene): Promise<void> {
  const { connections } = await scene.api<{ connections: { id: string }[] }>('GET', '/v1/safety');
  for (const { id } of connections) {
    await scene.api('POST', `/v1/connections/${id}/unlock`, { reason: 'Simulated CRMs' });
  }
  const { items } = await scene.api<{ items: { account: string }[] }>('GET', '/v1/connections');
  const account = items.map((one) => one.account).find((one) => one.startsWith('sf:')) ?? '';
  const records = await scene.api<{ items: { ref: string; deleted: boolean }[] }>(
    'GET',
    `/v1/records?account=${encodeURIComponent(account)}&object=Contact&limit=${writes * 6}`,
  );
  const refs = records.items.filter(({ deleted }) => !deleted).map(({ ref }) => ref);
  for (let turn = 0; turn < 3; turn += 1) {
    await apply(scene, refs.slice(turn * writes, turn * writes + 2));
    const refused = refs.slice((turn + 3) * writes, (turn + 3) * writes + 4);
    const readOnlyRecords = refused.map((ref) => ref.slice(ref.lastIndexOf(':') + 1));
    await scene.control('POST', 'salesforce/settings', { readOnlyRecords });
    await apply(scene, refused);
  }
  await scene.control('POST', 'salesforce/settings', { showAll: true });
}

async function apply(scene: Scene, refs: readonly string[]): Promise<void> {
  const operations = refs.map((record) => ({ kind: 'update', record, fields: { Title: `Written ${Date.now()}` } }));
  const { id } = await scene.api<ChangeSetView>('POST', '/v1/change-sets', { title: 'A test', operations });
  const path = `/v1/change-sets/${id}`;
  const deadline = performance.now() + endMs;
  for (;;) {
    const { state, task, planHash = '' } = await scene.api<ChangeSetView>('GET', path);
    if (task === undefined) {
      if (state === 'draft') await scene.api('POST', `${path}/plan`);
      else if (state === 'planned') await scene.api('POST', `${path}/approve`, { planHash });
      else if (state === 'approved') await scene.api('POST', `${path}/apply`, { planHash });
      else if (state !== 'applying') return;
    }
    if (performance.now() > deadline) throw new Error(`A change set did not come to its end: ${state}`);
    await sleep(200);
  }
}
