import { setTimeout as sleep } from 'node:timers/promises';
import type { StandaloneConfig } from './config.ts';
import { type DataFolder, openDataFolder } from './data-folder/data-folder.ts';
import { createApiClient } from './first-sync/api-client.ts';
import { isQuiet } from './first-sync/quiescence.ts';
import { summaryTables } from './first-sync/summary.ts';
import { progressLine, readProgress, type SyncProgress } from './first-sync/sync-progress.ts';
import { demonstrateChanges } from './maintenance/change-demonstration.ts';
import { printEvidence } from './maintenance/evidence.ts';
import { awaitFigures, figureTables } from './maintenance/figures.ts';
import { type Platform, startPlatform } from './platform/platform.ts';
import { removeRunningFile, writeRunningFile } from './platform/running-file.ts';
import { scoreDuplicates } from './scoring/duplicate-scoring.ts';
import { scoreFindings } from './scoring/finding-scoring.ts';

export interface RunOptions {
  readonly readConfig: () => StandaloneConfig;
  readonly exitAfterSummary: boolean;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
}

/** The first sync of the default load takes seconds; this is for machines that are slow beyond reason. */
const firstSyncTimeoutMs = 15 * 60_000;
const progressIntervalMs = 1_000;

/** Whoever waits longer than this for Ctrl-C to work will use something stronger. */
const stopTimeoutMs = 4_500;

/** Runs until Ctrl-C, a failure, or with `exitAfterSummary` the summary. @returns the exit code */
export async function runStandalone(options: RunOptions): Promise<number> {
  const { print, printError } = options;
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);

  let folder: DataFolder | undefined;
  let platform: Platform | undefined;
  let exitCode = 0;
  try {
    const config = options.readConfig();
    folder = await openDataFolder(config.dataFolder, process);
    platform = await startPlatform({
      config,
      folder,
      onStep: (step) => print(`${step}...`),
      onTrouble: (sentence) => printError(`kempt: ${sentence}.`),
      signal: interrupted.signal,
    });
    await writeRunningFile(folder.path, platform);
    print('');
    print(`The API is at ${platform.apiUrl} (OpenAPI at ${platform.apiUrl}/openapi.json).`);
    print(`The console is at ${platform.apiUrl}/console/ (sign in with the key).`);
    print(`Demo API key: ${folder.secrets.apiKey}`);
    print(`Try: curl -H "Authorization: Bearer ${folder.secrets.apiKey}" "${platform.apiUrl}/v1/clusters?minSize=2"`);
    print('');
    const failed = platform.broke.then((reason) => {
      throw new Error(reason);
    });
    // Whoever waits for it below hears of it; until then it must not count as unheard of.
    failed.catch(() => {});
    const progress = await Promise.race([
      waitForFirstSync({ platform, apiKey: folder.secrets.apiKey, print, signal: interrupted.signal }),
      failed,
    ]);
    if (progress !== undefined) {
      const api = createApiClient(platform.apiUrl, folder.secrets.apiKey);
      const scores = await scoreDuplicates({ api, seed: config.seed });
      print(summaryTables(progress, scores));
      print('');
      const figures = await Promise.race([awaitFigures(api, interrupted.signal), failed]);
      print(figureTables(figures));
      print('');
      const findings = await scoreFindings({ api, seed: config.seed });
      print(
        `Findings: ${findings.right} of ${findings.expected} that follow from the truth about the CRMs, ${findings.extra.length} others.`,
      );
      print('');
      if (options.exitAfterSummary && !interrupted.signal.aborted) {
        const work = demonstrateChanges({
          api,
          controlUrl: platform.simulators.controlUrl,
          print,
          signal: interrupted.signal,
        });
        await Promise.race([work.then(() => printEvidence(api, print)), failed]);
        print('');
      }
      if (!options.exitAfterSummary) {
        print('Kempt goes on watching both CRMs. Ctrl-C stops it.');
        await Promise.race([untilAborted(interrupted.signal), failed]);
      }
    }
  } catch (error) {
    if (!interrupted.signal.aborted) {
      printError(`kempt: ${error instanceof Error ? error.message : String(error)}`);
      exitCode = 1;
    }
  }
  if (interrupted.signal.aborted) print('Stopping...');
  const late = await stopWithin(stopTimeoutMs, async () => {
    if (folder !== undefined) await removeRunningFile(folder.path);
    await platform?.stop();
    await folder?.release();
  });
  if (late) {
    printError('kempt: some parts did not stop in time; they were ended. The next start continues where they were.');
    await folder?.release();
    process.exit(exitCode === 0 ? 1 : exitCode);
  }
  return exitCode;
}

/** @returns undefined when interrupted */
async function waitForFirstSync(options: {
  readonly platform: Platform;
  readonly apiKey: string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}): Promise<SyncProgress | undefined> {
  const { platform, print, signal } = options;
  const api = createApiClient(platform.apiUrl, options.apiKey);
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
    if (
      progress.backfilled &&
      progress.resolved &&
      (await isQuiet(platform.services.map((service) => `${service.url}/metrics`)))
    )
      return progress;
    if (performance.now() > deadline) {
      const failing = progress.connections.find((connection) => connection.reason !== undefined);
      throw new Error(
        `The first sync did not finish within ${firstSyncTimeoutMs / 60_000} minutes${failing === undefined ? '' : `: ${failing.name}: ${failing.reason}`}.`,
      );
    }
    await sleep(progressIntervalMs, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** @returns true when `stop` did not finish in time */
async function stopWithin(timeoutMs: number, stop: () => Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, true, { signal: timer.signal }).catch(() => false);
  const outcome = await Promise.race([stop().then(() => false), late]);
  timer.abort();
  return outcome;
}
