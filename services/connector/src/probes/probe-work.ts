import type { WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Database } from '@kempt/postgres';
import { findByAccount } from '../connections/connection-store.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import type { OpenReaders } from '../sync/open-readers.ts';
import type { WatchWork } from '../watches/watch-schedule.ts';
import { holdWatch } from '../watches/watch-store.ts';
import { findStatus, putStatus } from './crm-status-store.ts';
import { probeOnce } from './probe.ts';
import { probeEvent } from './probe-events.ts';

export interface ProbeWorkOptions {
  readonly database: Database;
  readonly readers: Pick<OpenReaders, 'client'>;
  readonly wireFormat: WireFormat;
  readonly metrics: ConnectorMetrics;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** How often the allowance is asked for where that costs a call. */
  readonly allowanceIntervalMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock: () => number;
}

const accountsTogether = 16;

/**
 * Looks whether the CRM of each account answers, and tells every probe. One that could not be made or saved, because we
 * were away ourselves, is missing: the time until the next one was not observed.
 */
export function createProbeWork(options: ProbeWorkOptions): WatchWork {
  const { database, intervalMs } = options;
  const end = { dueInMs: intervalMs, served: true };

  return {
    retryMs: intervalMs,
    concurrency: accountsTogether,
    async look(watch, signal) {
      const { tenantId, account } = watch;
      const known = await database.transaction(
        tenantId,
        async (tx) => ({ connection: await findByAccount(tx, account), status: await findStatus(tx, account) }),
        { readOnly: true },
      );
      const { connection, status } = known;
      if (connection === undefined || connection.status === 'paused' || connection.status === 'deleted') return end;
      const client = await options.readers.client(connection);
      const at = new Date(options.now());
      const result = await probeOnce(
        client,
        {
          withAllowance: at.getTime() - (status?.callsReadAt?.getTime() ?? 0) >= options.allowanceIntervalMs,
          timeoutMs: options.timeoutMs,
          clock: options.clock,
        },
        signal,
      );
      if (result === null) return end;
      const { system } = connection;
      await database.transaction(tenantId, async (tx) => {
        await holdWatch(tx, watch);
        const noted = await putStatus(tx, { ...result, account, system, at, intervalMs });
        await appendToOutbox(tx, [probeEvent(tenantId, noted, options)]);
      });
      if (result.latencyMs > 0) options.metrics.crmProbeSeconds.observe({ system }, result.latencyMs / 1000);
      return end;
    },
  };
}
