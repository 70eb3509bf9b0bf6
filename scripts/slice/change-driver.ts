import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.ts';
import type { FinishedOperation, LoggedWrite } from './write-checker.ts';

interface ChangeSetView {
  readonly id: string;
  readonly state: string;
  readonly task?: string;
  readonly planHash?: string;
  readonly title: string;
}

interface OperationView {
  readonly status: string;
  readonly recreated?: Readonly<Record<string, string>>;
}

interface Wish {
  readonly title: string;
  readonly operation: Readonly<Record<string, unknown>>;
  readonly check: Omit<FinishedOperation, 'changeSet' | 'status' | 'recreated'>;
  /** Whether it is to be taken back once it was applied. */
  readonly undo: boolean;
  id?: string;
}

/** States in which a change set stays until somebody asks for more. */
const resting = new Set([
  'draft',
  'planned',
  'approved',
  'applied',
  'partly-applied',
  'failed',
  'undone',
  'partly-undone',
  'cancelled',
]);

/** Begins every value that the driver writes. */
const mark = 'Written once';

/** Makes change sets and takes them through their states, while services are killed under it. */
export interface ChangeDriver {
  /** Makes one more change set, and moves those that there are by a step each. Errors are for the next time. */
  step(random: () => number): Promise<void>;
  /** Takes every change set to its end. */
  finish(timeoutMs: number): Promise<readonly FinishedOperation[]>;
  /** What the CRMs say was written by programs. */
  writes(): Promise<readonly LoggedWrite[]>;
  readonly made: () => number;
}

export function createChangeDriver(deployment: Deployment): ChangeDriver {
  const wishes: Wish[] = [];
  const used = new Set<string>();
  let unlocked = false;
  let number = 0;

  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(new URL(path, deployment.apiUrl), {
      method,
      headers: {
        authorization: `Bearer ${deployment.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json()) as T & { readonly detail?: string };
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${answer.detail ?? ''}`);
    return answer;
  }

  /** Production accounts begin locked. */
  async function unlock(): Promise<void> {
    if (unlocked) return;
    const { connections } = await call<{ connections: { id: string; account: string }[] }>('GET', '/v1/safety');
    if (connections.length < 2) return;
    for (const { id } of connections) {
      await call('POST', `/v1/connections/${id}/unlock`, { reason: 'Simulated CRMs' });
    }
    unlocked = true;
  }

  async function records(account: string, object: string): Promise<readonly string[]> {
    const path = `/v1/records?account=${encodeURIComponent(account)}&object=${object}&limit=200`;
    const { items } = await call<{ items: { ref: string; deleted: boolean; fields: Record<string, unknown> }[] }>(
      'GET',
      path,
    );
    // A record is written by one change set only, so that the log tells whose write was whose.
    return items
      .filter(({ ref, deleted, fields }) => !deleted && !used.has(ref) && !JSON.stringify(fields).includes(mark))
      .map(({ ref }) => ref);
  }

  async function wish(random: () => number): Promise<void> {
    const { items } = await call<{ items: { account: string }[] }>('GET', '/v1/connections');
    const { account } = items[Math.floor(random() * items.length)] ?? {};
    if (account === undefined) return;
    const isSalesforce = account.startsWith('sf:');
    const known = await records(account, isSalesforce ? 'Contact' : 'contacts');
    const [one, other] = [known[Math.floor(random() * known.length)], known[Math.floor(random() * known.length)]];
    if (one === undefined || other === undefined || one === other) return;
    number += 1;
    used.add(one).add(other);
    const undo = random() < 0.5;
    if (random() < 0.7) {
      const field = isSalesforce ? 'Title' : 'jobtitle';
      const value = `${mark} ${number}`;
      wishes.push({
        title: `Write ${number}`,
        operation: { kind: 'update', record: one, fields: { [field]: value } },
        check: { kind: 'update', record: one, field, value },
        undo,
      });
    } else {
      wishes.push({
        title: `Merge ${number}`,
        operation: { kind: 'merge', master: one, losers: [other], fields: {} },
        check: { kind: 'merge', master: one, loser: other },
        undo,
      });
    }
  }

  /** One step towards the end. True when it is there. */
  async function move(one: Wish): Promise<boolean> {
    if (one.id === undefined) {
      // The answer to an earlier try may have been lost on its way.
      const { items } = await call<{ items: ChangeSetView[] }>('GET', '/v1/change-sets?limit=200');
      const made = items.find(({ title }) => title === one.title);
      const body = { title: one.title, operations: [one.operation] };
      one.id = made?.id ?? (await call<ChangeSetView>('POST', '/v1/change-sets', body)).id;
    }
    const path = `/v1/change-sets/${one.id}`;
    const { state, task, planHash } = await call<ChangeSetView>('GET', path);
    if (task !== undefined || !resting.has(state)) return false;
    if (state === 'draft') await call('POST', `${path}/plan`);
    else if (state === 'planned') await call('POST', `${path}/approve`, { planHash: planHash ?? '' });
    else if (state === 'approved') await call('POST', `${path}/apply`, { planHash: planHash ?? '' });
    else if (state === 'applied' && one.undo) await call('POST', `${path}/undo`);
    else return true;
    return false;
  }

  return {
    made: () => wishes.length,

    async step(random) {
      await unlock().catch(() => undefined);
      if (!unlocked) return;
      await wish(random).catch(() => undefined);
      for (const one of wishes.slice(-8)) await move(one).catch(() => false);
    },

    async finish(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      const finished: FinishedOperation[] = [];
      for (const one of wishes) {
        let lastError: unknown;
        for (;;) {
          // A draft that the CRM refuses to plan stays one, and so wrote nothing.
          const isThere = await move(one).catch((error: unknown) => {
            lastError = error;
            return error instanceof Error && /answered 4\d\d/.test(error.message);
          });
          if (isThere) break;
          if (performance.now() > deadline) {
            throw new Error(`${one.title} did not come to its end`, { cause: lastError });
          }
          await sleep(200);
        }
        if (one.id === undefined) continue;
        const { items } = await call<{ items: OperationView[] }>('GET', `/v1/change-sets/${one.id}/operations`);
        const [operation] = items;
        if (operation === undefined) continue;
        finished.push({
          ...one.check,
          changeSet: one.title,
          status: operation.status,
          ...(operation.recreated === undefined ? {} : { recreated: operation.recreated }),
        });
      }
      return finished;
    },

    async writes() {
      const accounts = (await call<{ items: { account: string }[] }>('GET', '/v1/connections')).items;
      const logs = accounts.map(async ({ account }) => {
        const crm = account.startsWith('sf:') ? 'salesforce' : 'hubspot';
        const response = await fetch(`${deployment.controlUrl}/__control/${crm}/writes?by=api`);
        const entries = (await response.json()) as Omit<LoggedWrite, 'account'>[];
        return entries.map((entry) => ({ ...entry, account }));
      });
      return (await Promise.all(logs)).flat();
    },
  };
}
