import { setTimeout as sleep } from 'node:timers/promises';
import { DemonstrationError } from './errors.ts';
import { type ApiClient, createApiClient } from './first-sync/api-client.ts';
import { isQuiet } from './first-sync/quiescence.ts';
import { summaryTables } from './first-sync/summary.ts';
import { progressLine, readProgress, type SyncProgress } from './first-sync/sync-progress.ts';
import { demonstrateChanges } from './maintenance/change-demonstration.ts';
import { printEvidence } from './maintenance/evidence.ts';
import { awaitFigures, figureTables } from './maintenance/figures.ts';
import { scoreDuplicates } from './scoring/duplicate-scoring.ts';
import { scoreFindings } from './scoring/finding-scoring.ts';

export interface DemonstrationOptions {
  /** The gateway of a Kempt that is connected to both simulated CRMs. */
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Control API of the simulated CRMs. */
  readonly controlUrl: string;
  /** Seed from which the simulated CRMs were filled: the truth follows from it. */
  readonly seed: string;
  /** `/metrics` of every service: they tell when everything that was published has been taken in. */
  readonly metricsUrls: readonly string[];
  /** Whether records are changed in the simulated CRMs and taken back. */
  readonly withChanges: boolean;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
  /** How long the first sync may take, in milliseconds. Default: 15 minutes, for machines that are slow beyond reason. */
  readonly firstSyncTimeoutMs?: number;
}

const progressIntervalMs = 1_000;

/**
 * Shows a Kempt over the simulated CRMs at work: waits for the first sync, prints what was found with its precision and recall,
 * and on demand writes to both CRMs, asks them, takes everything back, asks again, and has the evidence chain checked.
 * Returns early when the signal is aborted.
 * @throws DemonstrationError when something is not as it should be
 */
export async function runDemonstration(options: DemonstrationOptions): Promise<void> {
  const { seed, print, signal } = options;
  const api = createApiClient(options.apiUrl, options.apiKey);
  const progress = await waitForFirstSync(api, options);
  if (progress === undefined) return;
  print(summaryTables(progress, await scoreDuplicates({ api, seed })));
  print('');
  print(figureTables(await awaitFigures(api, signal)));
  print('');
  const findings = await scoreFindings({ api, seed });
  print(
    `Findings: ${findings.right} of ${findings.expected} that follow from the truth about the CRMs, ${findings.extra.length} others.`,
  );
  print('');
  if (!options.withChanges || signal.aborted) return;
  await demonstrateChanges({ api, controlUrl: options.controlUrl, print, signal });
  await printEvidence(api, print);
  print('');
}

/** @returns undefined when interrupted */
async function waitForFirstSync(api: ApiClient, options: DemonstrationOptions): Promise<SyncProgress | undefined> {
  const { print, signal, metricsUrls, firstSyncTimeoutMs = 15 * 60_000 } = options;
  const deadline = performance.now() + firstSyncTimeoutMs;
  let told = '';
  while (!signal.aborted) {
    const progress = await readProgress(api);
    const line = progress.backfilled
      ? progress.resolved
        ? 'Settling'
        : `Resolving persons and organisations: ${progressLine(progress)}`
      : `First sync: ${progressLine(progress)}`;
    if (line !== told && progress.connections.length > 0) print(line);
    told = line;
    if (progress.backfilled && progress.resolved && (await isQuiet(metricsUrls))) return progress;
    if (performance.now() > deadline) {
      const failing = progress.connections.find((connection) => connection.reason !== undefined);
      throw new DemonstrationError(
        'DEMONSTRATION_FIRST_SYNC',
        `The first sync did not finish within ${firstSyncTimeoutMs / 60_000} minutes${failing === undefined ? '' : `: ${failing.name}: ${failing.reason}`}.`,
      );
    }
    await sleep(progressIntervalMs, undefined, { signal }).catch(() => {});
  }
  return undefined;
}
