import { openDatabase } from '@kempt/postgres';

const shown = 25;

interface Statement {
  readonly calls: number;
  readonly ms: number;
  readonly logMib: number;
  readonly text: string;
}

/** Prints the statements that took a server longest since the last call. It must have been started with pg_stat_statements loaded. */
export async function showDearestStatements(adminUrl: string): Promise<void> {
  const admin = openDatabase({ url: adminUrl, schema: 'public', applicationName: 'kempt-bench', maxConnections: 1 });
  const statements = await admin.systemTransaction(async (tx) => {
    await tx.execute('create extension if not exists pg_stat_statements with schema public');
    const found = await tx.query<Statement>(
      `select calls::int, total_exec_time::float8 as ms, (wal_bytes / 1048576)::float8 as "logMib",
              regexp_replace(left(query, 150), '\\s+', ' ', 'g') as text
       from public.pg_stat_statements order by total_exec_time desc limit $1`,
      [shown],
    );
    await tx.execute('select public.pg_stat_statements_reset()');
    return found;
  });
  await admin.close();
  for (const { calls, ms, logMib, text } of statements)
    console.log(
      `${ms.toFixed(0).padStart(8)} ms ${String(calls).padStart(7)} calls ${logMib.toFixed(0).padStart(6)} MiB of log  ${text}`,
    );
}
