import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DistributedDeployment } from '../slice/distributed-deployment.ts';

/** A running Kempt and everything that can be done to it. */
export interface Scene {
  readonly deployment: DistributedDeployment;
  /** A request to the API with every right; throws unless it succeeds. */
  api<T>(method: string, path: string, body?: object): Promise<T>;
  /** The status of a request, whatever it is; 0 without an answer. */
  status(
    path: string,
    options?: { readonly method?: string; readonly key?: string; readonly body?: object },
  ): Promise<number>;
  /** A request to the control API of the simulated CRMs. */
  control<T>(method: string, path: string, body?: object): Promise<T>;
  /** SQL as the owner of everything. */
  sql<T extends object>(text: string, values?: readonly unknown[]): Promise<T[]>;
  /** Holds a lock on a table, for so long. */
  lock(table: string, ms: number): Promise<void>;
  /** Ids of live records of an object of a CRM. */
  ids(crm: 'salesforce' | 'hubspot', object: string): Promise<readonly string[]>;
  /** Does something again and again, so many times a second, for so long. Waits for none of it before the end. */
  repeat(perSecond: number, seconds: number, work: (index: number) => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

export async function openScene(deployment: DistributedDeployment): Promise<Scene> {
  const client = new pg.Client({ connectionString: deployment.adminUrl });
  client.on('error', () => undefined);
  await client.connect();

  const scene: Scene = {
    deployment,
    async api<T>(method: string, path: string, body?: object) {
      const response = await request(path, { method, ...(body === undefined ? {} : { body }) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    async status(path, options = {}) {
      try {
        const response = await request(path, options);
        await response.arrayBuffer();
        return response.status;
      } catch {
        return 0;
      }
    },
    async control<T>(method: string, path: string, body?: object) {
      const response = await fetch(`${deployment.controlUrl}/__control/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    async sql<T extends object>(text: string, values: readonly unknown[] = []) {
      return (await client.query<T>(text, [...values])).rows;
    },
    async lock(table, ms) {
      const holder = new pg.Client({ connectionString: deployment.adminUrl });
      holder.on('error', () => undefined);
      await holder.connect();
      try {
        await holder.query(`begin; lock table ${table} in access exclusive mode`);
        await sleep(ms);
        await holder.query('rollback');
      } finally {
        await holder.end();
      }
    },
    async ids(crm, object) {
      const records = await scene.control<Record<string, unknown>[]>('GET', `${crm}/records/${object}`);
      return records
        .filter((record) => record['IsDeleted'] !== true && record['archived'] !== true)
        .map((record) => String(record['Id'] ?? record['id']));
    },
    async repeat(perSecond, seconds, work) {
      const under: Promise<unknown>[] = [];
      const begunMs = performance.now();
      for (let index = 0; index < perSecond * seconds; index += 1) {
        const pauseMs = begunMs + (index * 1_000) / perSecond - performance.now();
        if (pauseMs > 0) await sleep(pauseMs);
        under.push(work(index).catch(() => undefined));
      }
      await Promise.all(under);
    },
    close: () => client.end(),
  };

  async function request(
    path: string,
    options: { readonly method?: string; readonly key?: string; readonly body?: object },
  ): Promise<Response> {
    const { method = 'GET', key = deployment.apiKey, body } = options;
    return fetch(new URL(path, deployment.apiUrl), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
  }
  return scene;
}
