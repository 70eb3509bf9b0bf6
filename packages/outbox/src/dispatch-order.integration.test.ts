import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Lane } from '@kempt/contracts';
import fc from 'fast-check';
import { createDispatchReader } from './dispatch-reader.ts';
import { appendToOutbox } from './outbox-append.ts';
import { deleteFromOutbox, type OutboxRow } from './outbox-store.ts';
import { createOutboxTestBed, type OutboxTestBed, testEvent } from './outbox-test-bed.ts';

let bed: OutboxTestBed;

beforeAll(async () => {
  bed = await createOutboxTestBed();
});
afterAll(() => bed.close());

/** What happens next: events are appended, a batch is published, or it is read and then lost with its dispatcher. */
type Step =
  | { readonly kind: 'append'; readonly tenant: string; readonly lane: Lane; readonly subjects: readonly string[] }
  | { readonly kind: 'publish' | 'lose'; readonly lane: number };

const lanes = 2;
const append: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('append' as const),
  tenant: fc.constantFrom('acme', 'globex', 'initech'),
  lane: fc.constantFrom<Lane>('live', 'bulk'),
  subjects: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 9 }),
});
const dispatch: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('publish' as const, 'publish' as const, 'lose' as const),
  lane: fc.integer({ min: 0, max: lanes - 1 }),
});

const appended = (lane: Lane, subjects: string): Step => ({
  kind: 'append',
  tenant: 'initech',
  lane,
  subjects: [...subjects],
});

/** The bulk events alone fill the page of the live ones, and stand between two live events of their key. */
const crowded: readonly Step[] = [appended('live', 'ddd'), appended('bulk', 'daaaa'), appended('live', 'daa')];

/** Reads as the dispatcher does. `slow` makes every reading look expensive, so that the reader seldom sweeps. */
function createReaders(slow: boolean) {
  let nowMs = 0;
  const now = (): number => {
    nowMs += slow ? 40 : 0;
    return nowMs;
  };
  return Array.from({ length: lanes }, (_, lane) => createDispatchReader({ lane, lanes, batchRecords: 6, now }));
}

test.each([false, true])(
  'in any interleaving every event leaves, and each key in its order (slow sweeps: %s)',
  async (slow) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(append, dispatch), { minLength: 1, maxLength: 25 }), async (steps) => {
        await bed.reset();
        const readers = createReaders(slow);
        const versions = new Map<string, number>();
        const published = new Map<string, number[]>();

        async function publish(lane: number, lost: boolean): Promise<number> {
          const reader = readers[lane];
          if (reader === undefined) return 0;
          const batch = await bed.database.systemTransaction((tx) => reader.next(tx, { ofAll: [], ofBulk: [] }));
          batch.accept();
          if (lost) reader.restart();
          else await settle(batch.rows);
          return batch.rows.length;
        }

        async function settle(rows: readonly OutboxRow[]): Promise<void> {
          for (const { record } of rows) {
            published.set(record.key, [...(published.get(record.key) ?? []), Number(record.headers.ce_sequence)]);
          }
          await bed.database.systemTransaction((tx) => deleteFromOutbox(tx, rows));
        }

        for (const step of steps) {
          if (step.kind !== 'append') {
            await publish(step.lane, step.kind === 'lose');
            continue;
          }
          const events = step.subjects.map((subject) => {
            const version = (versions.get(`${step.tenant}:${subject}`) ?? 0) + 1;
            versions.set(`${step.tenant}:${subject}`, version);
            return testEvent(step.tenant, subject, version);
          });
          await bed.database.transaction(step.tenant, (tx) => appendToOutbox(tx, events, { lane: step.lane }));
        }
        // The clock of slow readers moves on with each reading, so a few empty ones lead to the next sweep.
        for (let lane = 0, empty = 0; lane < lanes; empty = 0, lane += 1) {
          while (empty < 12) empty = (await publish(lane, false)) === 0 ? empty + 1 : 0;
        }
        const expected = [...versions].map(([key, count]) => [key, Array.from({ length: count }, (_, at) => at + 1)]);
        expect(Object.fromEntries(published)).toEqual(Object.fromEntries(expected));
      }),
      { numRuns: 15, endOnFailure: true, examples: [[[...crowded]]] },
    );
  },
);
