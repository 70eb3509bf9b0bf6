import type { Transaction } from '@kempt/postgres';
import { type HourShare, hourOf, observedTime, type Probe, type Uptime } from './observed-time.ts';

/** Services of the installation belong to no tenant; no tenant can be called this. */
export const installation = '-';

interface LastProbeRow {
  readonly sequence: string;
  readonly at: Date;
  readonly up: boolean;
  readonly interval_ms: number;
}

/** Adds a probe. One that is not newer than the last one changes nothing: what it saw counts as not observed. */
export async function addProbe(tx: Transaction, owner: string, target: string, probe: Probe): Promise<void> {
  const [last] = await tx.query<LastProbeRow>(
    `select sequence, at, up, interval_ms from last_probe where tenant_id = $1 and target = $2 for update`,
    [owner, target],
  );
  if (last !== undefined && (Number(last.sequence) >= probe.sequence || last.at >= probe.at)) return;
  await tx.execute(
    `insert into last_probe (tenant_id, target, sequence, at, up, interval_ms) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, target) do update
       set sequence = excluded.sequence, at = excluded.at, up = excluded.up, interval_ms = excluded.interval_ms`,
    [owner, target, probe.sequence, probe.at, probe.up, probe.intervalMs],
  );
  const shares =
    last === undefined ? [] : observedTime({ at: last.at, up: last.up, intervalMs: last.interval_ms }, probe.at);
  await addShares(tx, owner, target, shares);
  await tx.execute(
    `insert into uptime_hour as h (tenant_id, target, hour, probes, failed_probes, latency_ms)
     values ($1, $2, $3, 1, $4, $5)
     on conflict (tenant_id, target, hour) do update
       set probes = h.probes + 1, failed_probes = h.failed_probes + excluded.failed_probes,
           latency_ms = h.latency_ms + excluded.latency_ms`,
    [owner, target, hourOf(probe.at), probe.up ? 0 : 1, probe.up ? probe.latencyMs : 0],
  );
}

async function addShares(tx: Transaction, owner: string, target: string, shares: readonly HourShare[]): Promise<void> {
  if (shares.length === 0) return;
  await tx.execute(
    `insert into uptime_hour as h (tenant_id, target, hour, up_ms, down_ms)
     select $1, $2, s.* from unnest($3::timestamptz[], $4::bigint[], $5::bigint[]) as s
     on conflict (tenant_id, target, hour) do update
       set up_ms = h.up_ms + excluded.up_ms, down_ms = h.down_ms + excluded.down_ms`,
    [
      owner,
      target,
      shares.map(({ hour }) => hour),
      shares.map(({ upMs }) => Math.round(upMs)),
      shares.map(({ downMs }) => Math.round(downMs)),
    ],
  );
}

/** What was observed of every target since a moment, by target, in the order of their names. */
export async function uptimeSince(tx: Transaction, owner: string, since: Date): Promise<ReadonlyMap<string, Uptime>> {
  const rows = await tx.query<{
    target: string;
    up_ms: string;
    down_ms: string;
    probes: string;
    failed_probes: string;
    latency_ms: number;
  }>(
    `select target, sum(up_ms) as up_ms, sum(down_ms) as down_ms, sum(probes) as probes,
            sum(failed_probes) as failed_probes, sum(latency_ms) as latency_ms
       from uptime_hour where tenant_id = $1 and hour >= $2 group by target order by target`,
    [owner, hourOf(since)],
  );
  return new Map(
    rows.map((row) => {
      const answered = Number(row.probes) - Number(row.failed_probes);
      return [
        row.target,
        {
          upMs: Number(row.up_ms),
          downMs: Number(row.down_ms),
          probes: Number(row.probes),
          failedProbes: Number(row.failed_probes),
          meanLatencyMs: answered === 0 ? null : row.latency_ms / answered,
        },
      ];
    }),
  );
}

/** Forgets hours before a moment. */
export async function forgetUptime(tx: Transaction, owner: string, before: Date): Promise<void> {
  await tx.execute(`delete from uptime_hour where tenant_id = $1 and hour < $2`, [owner, before]);
}
