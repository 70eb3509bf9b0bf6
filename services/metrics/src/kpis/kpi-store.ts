import type { Transaction } from '@kempt/postgres';
import type { KpiName, KpiReading } from './kpi.ts';

/** A measurement as it was kept. */
export interface KpiValue extends KpiReading {
  readonly sequence: number;
  readonly measuredAt: Date;
}

interface ValueRow {
  readonly kpi: KpiName;
  readonly account: string;
  readonly sequence: number;
  readonly measured_at: Date;
  readonly value: number | null;
  readonly terms: Readonly<Record<string, number>>;
}

const valueOf = (row: ValueRow): KpiValue => ({
  kpi: row.kpi,
  account: row.account,
  sequence: row.sequence,
  measuredAt: row.measured_at,
  value: row.value,
  terms: row.terms,
});

/** The newest measurement of each KPI and account. */
export async function latestValues(tx: Transaction): Promise<KpiValue[]> {
  const rows = await tx.query<ValueRow>(
    `select v.kpi, v.account, v.sequence, v.measured_at, v.value, v.terms
       from kpi_series s join kpi_value v using (tenant_id, kpi, account, sequence)
      where s.tenant_id = $1 order by v.kpi, v.account`,
    [tx.tenantId],
  );
  return rows.map(valueOf);
}

/** Adds a measurement; gives its number. Needs the tenant's turn. */
export async function addValue(tx: Transaction, reading: KpiReading, measuredAt: Date): Promise<number> {
  const [row] = await tx.query<{ sequence: number }>(
    `insert into kpi_series as s (tenant_id, kpi, account, sequence) values ($1, $2, $3, 1)
     on conflict (tenant_id, kpi, account) do update set sequence = s.sequence + 1
     returning sequence`,
    [tx.tenantId, reading.kpi, reading.account],
  );
  const sequence = row?.sequence ?? 1;
  await tx.execute(
    `insert into kpi_value (tenant_id, kpi, account, sequence, measured_at, value, terms)
     values ($1, $2, $3, $4, $5, $6, $7::jsonb)`,
    [tx.tenantId, reading.kpi, reading.account, sequence, measuredAt, reading.value, JSON.stringify(reading.terms)],
  );
  return sequence;
}

/** Baselines that were taken from measurements, by `kpi` and account. */
export async function measuredBaselines(tx: Transaction): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.query<{ kpi: string; account: string; baseline: number }>(
    `select kpi, account, baseline from kpi_series where tenant_id = $1 and baseline is not null`,
    [tx.tenantId],
  );
  return new Map(rows.map(({ kpi, account, baseline }) => [`${kpi} ${account}`, baseline]));
}

/** Takes the value as baseline unless there is one. */
export async function setBaseline(tx: Transaction, reading: KpiReading): Promise<void> {
  await tx.execute(
    `update kpi_series set baseline = $4 where tenant_id = $1 and kpi = $2 and account = $3 and baseline is null`,
    [tx.tenantId, reading.kpi, reading.account, reading.value],
  );
}

export interface KpiTarget {
  readonly kpi: KpiName;
  readonly target: number | null;
  /** Null: the first full measurement is the baseline. */
  readonly baseline: number | null;
}

export async function loadTargets(tx: Transaction): Promise<ReadonlyMap<string, KpiTarget>> {
  const rows = await tx.query<{ kpi: KpiName; target: number | null; baseline: number | null }>(
    `select kpi, target, baseline from kpi_target where tenant_id = $1`,
    [tx.tenantId],
  );
  return new Map(rows.map((row) => [row.kpi, row]));
}

export async function saveTarget(
  tx: Transaction,
  target: KpiTarget & { readonly setBy: string; readonly setAt: Date },
): Promise<void> {
  await tx.execute(
    `insert into kpi_target (tenant_id, kpi, target, baseline, set_by, set_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, kpi) do update
       set target = excluded.target, baseline = excluded.baseline, set_by = excluded.set_by, set_at = excluded.set_at`,
    [tx.tenantId, target.kpi, target.target, target.baseline, target.setBy, target.setAt],
  );
}

/** Newest first. */
export async function valueHistory(
  tx: Transaction,
  query: {
    readonly kpi: KpiName;
    readonly account: string;
    readonly from?: Date | undefined;
    readonly to?: Date | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  },
): Promise<KpiValue[]> {
  const rows = await tx.query<ValueRow>(
    `select kpi, account, sequence, measured_at, value, terms from kpi_value
      where tenant_id = $1 and kpi = $2 and account = $3
        and ($4::timestamptz is null or measured_at >= $4) and ($5::timestamptz is null or measured_at <= $5)
        and ($6::integer is null or sequence < $6)
      order by sequence desc limit $7`,
    [tx.tenantId, query.kpi, query.account, query.from ?? null, query.to ?? null, query.before ?? null, query.limit],
  );
  return rows.map(valueOf);
}

/** Of measurements that are older, keeps the last one of each `unit` of time; the newest of a line always stays. */
export async function thinHistory(tx: Transaction, unit: 'hour' | 'day', before: Date): Promise<void> {
  await tx.execute(
    `delete from kpi_value v using (
       select kpi, account, sequence,
              row_number() over (partition by kpi, account, date_trunc('${unit}', measured_at) order by sequence desc) as place
         from kpi_value where tenant_id = $1 and measured_at < $2
     ) old
      where v.tenant_id = $1 and v.kpi = old.kpi and v.account = old.account and v.sequence = old.sequence
        and old.place > 1`,
    [tx.tenantId, before],
  );
}
