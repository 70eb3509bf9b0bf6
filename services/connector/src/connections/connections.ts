import { isDeepStrictEqual } from 'node:util';
import type { WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Database, Transaction } from '@kempt/postgres';
import type { ConnectionDefinition } from '../crm/connection-definition.ts';
import { holdsErasure, requestErasure } from '../erasure/erasure-store.ts';
import { countBackfilled, forgetFingerprints, forgetReadings } from '../sync/cursor-store.ts';
import { enrol, makeDue, suspend } from '../sync/lease-store.ts';
import { type Connection, connectionIdOf, settingsOf, workingStatus } from './connection.ts';
import { connectionEvent } from './connection-events.ts';
import type { ConnectionProbe, ProbedConnection } from './connection-probe.ts';
import {
  findAnyById,
  findByAccount,
  findById,
  listConnections,
  lockByAccount,
  putConnection,
  putStatus,
} from './connection-store.ts';
import type { SealContext, Sealer } from './sealing.ts';

export interface ConnectionRequest {
  readonly definition: ConnectionDefinition;
  readonly displayName?: string | undefined;
  /** Default: the standard objects that the account has. */
  readonly objects?: readonly string[] | undefined;
}

/** A request that was tried and works. */
export interface ProbedRequest {
  readonly request: ConnectionRequest;
  readonly probed: ProbedConnection;
}

export interface Connections {
  /** Tries a request. Rejects with ProbeError; nothing is stored. */
  probe(request: ConnectionRequest, signal: AbortSignal): Promise<ProbedRequest>;
  /**
   * Stores requests that were tried, all of them or none, and begins to read. An account that is connected in the same
   * way already stays as it is; in another way, its connection is changed.
   */
  store(tenantId: string, requests: readonly ProbedRequest[]): Promise<Connection[]>;
  /** The connection that was made by this very request, so that it need not be tried again. */
  findSame(tenantId: string, request: ConnectionRequest): Promise<Connection | undefined>;
  list(tenantId: string, page: { readonly after: string; readonly limit: number }): Promise<Connection[]>;
  find(tenantId: string, id: string): Promise<Connection | undefined>;
  /**
   * Stops reading and forgets the credentials. What was read stays, or with `data: 'delete'` is erased, which goes on after
   * this has resolved; that can also be asked for when the connection is deleted already. Undefined when there is no such
   * connection.
   */
  remove(tenantId: string, id: string, options: { readonly data: 'keep' | 'delete' }): Promise<Connection | undefined>;
  pause(tenantId: string, id: string): Promise<Connection | undefined>;
  resume(tenantId: string, id: string): Promise<Connection | undefined>;
  /** Reads now; with `full`, every record again. */
  sync(tenantId: string, id: string, options: { readonly full: boolean }): Promise<Connection | undefined>;
}

export interface ConnectionsOptions {
  readonly database: Database;
  readonly probe: ConnectionProbe;
  readonly sealer: Sealer;
  readonly wireFormat: WireFormat;
  readonly now: () => number;
  /** Called when something may have become due. */
  readonly onDue: () => void;
  /** Called when data is to be erased. */
  readonly onErasure: () => void;
}

const sealedField = 'credentials';

export function createConnections(options: ConnectionsOptions): Connections {
  const { database, sealer } = options;

  /** Whether a connection was made by this request. What the request leaves open may be anything. */
  async function isMadeBy(
    before: Connection,
    { definition, displayName, objects }: ConnectionRequest,
  ): Promise<boolean> {
    if (before.status === 'deleted' || before.sealedCredentials === null) return false;
    if (!isDeepStrictEqual(before.settings, settingsOf(definition))) return false;
    if (objects !== undefined && !isDeepStrictEqual(before.objects, [...new Set(objects)].sort())) return false;
    if (displayName !== undefined && before.displayName !== displayName) return false;
    const opened = await sealer.open(sealContextOf(before), before.sealedCredentials).catch(() => null);
    return opened !== null && isDeepStrictEqual(JSON.parse(opened), definition.credentials);
  }

  async function put(tx: Transaction, tenantId: string, wanted: ProbedRequest): Promise<Connection> {
    const { definition } = wanted.request;
    const { account, objects } = wanted.probed;
    const known = await findByAccount(tx, account);
    const displayName = wanted.request.displayName ?? wanted.probed.displayName;
    const request = { ...wanted.request, objects, displayName };
    if (known !== undefined && (await isMadeBy(known, request))) return known;
    // Leases first, as everywhere: whoever saves a page holds its lease before it touches the connection.
    if (known?.status !== 'paused') await enrolWhenErased(tx, account, objects);
    const id = connectionIdOf(tenantId, account);
    const sealedCredentials = await sealer.seal(
      sealContextOf({ tenantId, id }),
      JSON.stringify(definition.credentials),
    );
    const status =
      known?.status === 'paused' ? 'paused' : workingStatus({ objects }, await countBackfilled(tx, account, objects));
    const connection = await putConnection(tx, {
      account,
      id,
      system: definition.system,
      displayName,
      status,
      settings: settingsOf(definition),
      objects,
      sealedCredentials,
    });
    await appendToOutbox(tx, [connectionEvent(connection, options)]);
    return connection;
  }

  /** Runs a change on a connection that is there, in a transaction that holds its row. */
  async function change(
    tenantId: string,
    id: string,
    work: (tx: Transaction, connection: Connection) => Promise<Connection>,
  ): Promise<Connection | undefined> {
    const changed = await database.transaction(tenantId, async (tx) => {
      const found = await findById(tx, id);
      return found === undefined ? undefined : await work(tx, found);
    });
    options.onDue();
    return changed;
  }

  /** While data of the account is being erased nothing is read; the erasure enrols the account when it has ended. */
  async function enrolWhenErased(tx: Transaction, account: string, objects: readonly string[]): Promise<void> {
    if (!(await holdsErasure(tx, account))) await enrol(tx, account, objects);
  }

  async function putTold(tx: Transaction, account: string, status: Connection['status']): Promise<Connection> {
    const connection = await putStatus(tx, account, { status });
    await appendToOutbox(tx, [connectionEvent(connection, options)]);
    return connection;
  }

  return {
    async probe(request, signal) {
      return { request, probed: await options.probe.probe(request, signal) };
    },

    async store(tenantId, requests) {
      const inOrder = [...requests].sort((left, right) => (left.probed.account < right.probed.account ? -1 : 1));
      const stored = await database.transaction(tenantId, async (tx) => {
        const connections: Connection[] = [];
        for (const request of inOrder) connections.push(await put(tx, tenantId, request));
        return connections;
      });
      options.onDue();
      return stored;
    },

    async findSame(tenantId, request) {
      const known = await database.transaction(tenantId, (tx) => listConnections(tx, { after: '', limit: 1_000 }), {
        readOnly: true,
      });
      for (const connection of known) if (await isMadeBy(connection, request)) return connection;
      return undefined;
    },

    list: (tenantId, page) => database.transaction(tenantId, (tx) => listConnections(tx, page), { readOnly: true }),

    find: (tenantId, id) => database.transaction(tenantId, (tx) => findById(tx, id), { readOnly: true }),

    async remove(tenantId, id, { data }) {
      const removed = await database.transaction(tenantId, async (tx) => {
        const found = data === 'delete' ? await findAnyById(tx, id) : await findById(tx, id);
        if (found === undefined) return undefined;
        const { account } = found;
        // Whoever is reading loses the lease: nothing is saved after this.
        await suspend(tx, account);
        await enrol(tx, account, []);
        // Much may happen before the account is connected again: it will be read from the beginning.
        if (data === 'keep') await forgetFingerprints(tx, account);
        else {
          await forgetReadings(tx, account);
          await requestErasure(tx, account);
        }
        const connection = (await lockByAccount(tx, account)) as Connection;
        return connection.status === 'deleted' ? connection : await putTold(tx, account, 'deleted');
      });
      if (data === 'delete' && removed !== undefined) options.onErasure();
      return removed;
    },

    pause: (tenantId, id) =>
      change(tenantId, id, async (tx, { account }) => {
        await suspend(tx, account);
        const connection = await lockByAccount(tx, account);
        return connection?.status === 'paused' ? connection : await putTold(tx, account, 'paused');
      }),

    resume: (tenantId, id) =>
      change(tenantId, id, async (tx, { account, objects }) => {
        await enrolWhenErased(tx, account, objects);
        const connection = (await lockByAccount(tx, account)) as Connection;
        if (connection.status !== 'paused') return connection;
        return await putTold(tx, account, workingStatus(connection, await countBackfilled(tx, account, objects)));
      }),

    sync: (tenantId, id, { full }) =>
      change(tenantId, id, async (tx, connection) => {
        if (connection.status === 'paused') return connection;
        await makeDue(tx, connection.account);
        if (full) await forgetFingerprints(tx, connection.account);
        return connection;
      }),
  };
}

/** What the credentials of a connection are sealed to. */
export const sealContextOf = ({ tenantId, id }: Pick<Connection, 'tenantId' | 'id'>): SealContext => ({
  tenantId,
  connectionId: id,
  field: sealedField,
});

/** Opens the credentials of a connection. Rejects with BrokenSealError or UnknownSealingKeyError. */
export async function openCredentials(sealer: Sealer, connection: Connection): Promise<unknown> {
  return JSON.parse(await sealer.open(sealContextOf(connection), connection.sealedCredentials ?? ''));
}
