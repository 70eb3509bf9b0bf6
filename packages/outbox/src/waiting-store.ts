import type { Database } from '@kempt/postgres';

/** What a consumer has not applied and will not lose. */
export interface Waiting {
  readonly deadLetters: number;
  readonly oldestDeadLetterSeconds: number;
  readonly parkedEvents: number;
  readonly pausedTenants: number;
}

export async function measureWaiting(database: Database, consumer: string): Promise<Waiting> {
  const [row] = await database.systemTransaction(
    (tx) =>
      tx.query<{ letters: string; age: number | null; parked: string; paused: string }>(
        `select count(*) as letters,
                extract(epoch from now() - min(first_seen_at))::float8 as age,
                (select count(*) from parked_event where consumer = $1) as parked,
                (select count(*) from paused_tenant where consumer = $1) as paused
           from dead_letter where consumer = $1 and state = 'open'`,
        [consumer],
      ),
    { readOnly: true, statementTimeoutMs: 5_000 },
  );
  return {
    deadLetters: Number(row?.letters ?? 0),
    oldestDeadLetterSeconds: Math.max(0, row?.age ?? 0),
    parkedEvents: Number(row?.parked ?? 0),
    pausedTenants: Number(row?.paused ?? 0),
  };
}
