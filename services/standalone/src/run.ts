import { setTimeout as sleep } from 'node:timers/promises';
import { runDemonstration } from '@kempt/demonstration';
import type { StandaloneConfig } from './config.ts';
import { type DataFolder, openDataFolder } from './data-folder/data-folder.ts';
import { type Platform, startPlatform } from './platform/platform.ts';
import { removeRunningFile, writeRunningFile } from './platform/running-file.ts';

export interface RunOptions {
  readonly readConfig: () => StandaloneConfig;
  readonly exitAfterSummary: boolean;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
}

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
    const shown = runDemonstration({
      apiUrl: platform.apiUrl,
      apiKey: folder.secrets.apiKey,
      controlUrl: platform.simulators.controlUrl,
      seed: config.seed,
      metricsUrls: platform.services.map((service) => `${service.url}/metrics`),
      withChanges: options.exitAfterSummary,
      print,
      signal: interrupted.signal,
    });
    await Promise.race([shown, failed]);
    if (!options.exitAfterSummary && !interrupted.signal.aborted) {
      print('Kempt goes on watching both CRMs. Ctrl-C stops it.');
      await Promise.race([untilAborted(interrupted.signal), failed]);
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
