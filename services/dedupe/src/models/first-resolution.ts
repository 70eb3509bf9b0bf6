import { resolveTable, trainModel } from '@kempt/entity-resolution';
import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { type ClusterOutlets, writeClusters } from '../clusters/cluster-writer.ts';
import type { ChangeLocks } from '../matching/change-lock.ts';
import type { ChangeResolution } from '../matching/change-resolution.ts';
import { type EntityKind, entityKinds } from '../matching/entity-kind.ts';
import { writeAllKeys } from '../matching/key-table-writing.ts';
import { insertEdges } from '../matching/match-graph-store.ts';
import { countObject } from '../matching/match-record-store.ts';
import type { DedupeMetrics } from '../metrics.ts';
import { standingVerdicts } from '../reviews/review-store.ts';
import { constraintsOf, type StandingVerdict } from '../reviews/verdict-graph.ts';
import { clearPending, loadProgress, pendingTenants } from './account-progress-store.ts';
import type { DecidingModels } from './deciding-model.ts';
import { firstResolutionReadiness } from './first-resolution-readiness.ts';
import { changedSince, livingEnds, tabulateKind } from './kind-table.ts';
import { savePromotion } from './model-promotion-store.ts';
import { lockFreeState, lockStateAlone, saveModel, setDeciding } from './model-store.ts';
import { watchModels } from './model-task-store.ts';
import { edgeBatches, groupBatches } from './resolved-groups.ts';
import { refreshStatistics } from './statistics-store.ts';

export interface FirstResolutionOptions {
  readonly database: Database;
  readonly outlets: ClusterOutlets;
  readonly changes: ChangeResolution;
  readonly locks: ChangeLocks;
  readonly models: DecidingModels;
  readonly metrics: DedupeMetrics;
  readonly logger: Logger;
  /** How long a failing account holds up the first resolution. */
  readonly patienceMs: number;
  /** How often tenants that wait are looked at. */
  readonly intervalMs: number;
  /** A model decides from now on. */
  readonly onResolved: () => void;
}

const writeBatch = 5_000;

/**
 * Trains the first match model of a tenant when its accounts have been read completely, resolves all records in one
 * batch, and hands over to the stream. A crash at any point leaves the tenant waiting, and the work begins anew.
 */
export function createFirstResolution(options: FirstResolutionOptions) {
  const { database, outlets, changes, locks, models, metrics, logger } = options;
  const stopping = new AbortController();
  let wakeUp: (() => void) | undefined;
  let woken = false;
  let loop: Promise<void> | undefined;

  function wake(): void {
    woken = true;
    wakeUp?.();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false;
      let waiting = true;
      try {
        const tenants = await database.systemTransaction(pendingTenants);
        waiting = tenants.length > 0;
        for (const tenantId of tenants) {
          if (stopping.signal.aborted) return;
          await resolveTenant(tenantId);
        }
      } catch (error) {
        logger.warn({ err: error }, 'the first resolution could not go on; it is tried again');
      }
      // Another pod may put a tenant on the list, so the list is looked at even when nobody waits, but seldom.
      await pause(waiting ? options.intervalMs : options.intervalMs * 10);
    }
  }

  async function pause(intervalMs: number): Promise<void> {
    if (woken || stopping.signal.aborted) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, intervalMs);
      wakeUp = () => {
        clearTimeout(timer);
        done();
      };
    });
    wakeUp = undefined;
  }

  async function resolveTenant(tenantId: string): Promise<void> {
    let streaming = 0;
    for (const kind of entityKinds) {
      // A kind that streams never ceases to, so nobody has to wait for its lock to learn that.
      const { phase } = await database.transaction(tenantId, (tx) => lockFreeState(tx, kind), { readOnly: true });
      if (phase === 'streaming') {
        streaming += 1;
        continue;
      }
      if (!(await everythingArrived(tenantId, kind))) continue;
      const held = await database.tryAdvisoryLock(`first-resolution:${tenantId}:${kind}`, async (lost) => {
        const signal = AbortSignal.any([stopping.signal, lost]);
        await resolveKind(tenantId, kind, signal);
      });
      if (held) streaming += 1;
    }
    if (streaming === entityKinds.length) await database.transaction(tenantId, clearPending);
  }

  async function everythingArrived(tenantId: string, kind: EntityKind): Promise<boolean> {
    return database.transaction(tenantId, async (tx) => {
      const readiness = firstResolutionReadiness(kind, await loadProgress(tx), options.patienceMs);
      if (readiness.state === 'waiting') {
        logger.debug({ tenant: tenantId, entityKind: kind, waitingFor: readiness.forWhat }, 'no model yet');
        return false;
      }
      for (const expected of readiness.expected) {
        if ((await countObject(tx, expected.account, expected.object)) < expected.recordsKnown) return false;
      }
      return true;
    });
  }

  async function resolveKind(tenantId: string, kind: EntityKind, signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    const { records, verdicts } = await database.transaction(
      tenantId,
      async (tx) => ({
        records: await tabulateKind(tx, kind, { signal }),
        verdicts: await standingVerdicts(tx, kind),
      }),
      { isolation: 'repeatable read', readOnly: true },
    );
    const { table } = records;
    const { ids } = table;
    const constraints = constraintsOf(verdicts, livingEnds(verdicts, ids));
    const model = await trainModel(table, table.schema, { signal });
    const resolution = await resolveTable(table, model, { signal, ...constraints });
    signal.throwIfAborted();

    const clusters = await database.transaction(
      tenantId,
      async (tx) => {
        const state = await lockStateAlone(tx, kind);
        if (state.phase === 'streaming') return 0;
        await saveModel(tx, kind, { model, records: ids.length, origin: 'first', requestedBy: 'dedupe' });
        await setDeciding(tx, kind, model.version);
        await savePromotion(tx, {
          entityKind: kind,
          version: model.version,
          previous: null,
          promotedBy: 'dedupe',
          forced: false,
          objections: [],
          note: 'the first resolution',
        });
        await watchModels(tx, kind);
        const deciding = await models.get(tx, kind, model.version);
        await writeAllKeys(tx, kind, deciding.matcher);
        for (const batch of edgeBatches(ids, resolution, writeBatch)) await insertEdges(tx, kind, batch);
        let written = 0;
        for (const groups of groupBatches(ids, resolution, { mustLink: constraints.mustLink, size: writeBatch })) {
          written += await writeClusters(tx, outlets, {
            entityKind: kind,
            modelVersion: model.version,
            before: [],
            groups,
            lane: 'bulk',
          });
        }
        const late = await changedSince(tx, kind, records);
        const lock = await locks(tx, kind);
        for (const refs of batches(late, 500)) await changes.resolve(tx, kind, { deciding, lock, refs });
        const reviewed = reviewedSince(verdicts, await standingVerdicts(tx, kind));
        for (const refs of batches(reviewed, 500)) await changes.regroup(tx, kind, { deciding, refs });
        return written;
      },
      { statementTimeoutMs: 600_000 },
    );
    await database.systemTransaction(refreshStatistics, { statementTimeoutMs: 600_000 });
    const seconds = (performance.now() - begun) / 1000;
    metrics.resolutionSeconds.observe({ entity_kind: kind }, seconds);
    logger.info(
      { tenant: tenantId, entityKind: kind, records: ids.length, clusters, model: model.version, seconds },
      'first resolution finished',
    );
    options.onResolved();
  }

  return {
    name: 'first-resolution',
    /** Looks at once whether a tenant has become ready. */
    wake,
    async start(): Promise<void> {
      loop = run();
    },
    async stop(): Promise<void> {
      stopping.abort();
      wake();
      await loop;
    },
  };
}

export type FirstResolution = ReturnType<typeof createFirstResolution>;

/** Records of verdicts that came, changed or were revoked while the batch was being worked out. */
function reviewedSince(before: readonly StandingVerdict[], now: readonly StandingVerdict[]): string[] {
  const text = (verdict: StandingVerdict) => `${verdict.verdict} ${verdict.left} ${verdict.right}`;
  const [known, standing] = [new Set(before.map(text)), new Set(now.map(text))];
  const changed = [
    ...before.filter((verdict) => !standing.has(text(verdict))),
    ...now.filter((verdict) => !known.has(text(verdict))),
  ];
  return [...new Set(changed.flatMap((verdict) => [verdict.left, verdict.right]))].toSorted();
}

function* batches<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
