/**
 * Runs jest over the workspace with one Kafka broker for all suites that need one, and ends with `N passed, N failed`.
 * Arguments are handed to jest.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestKafka } from '@kempt/event-bus-kafka/testing';

interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const jestArguments = process.argv.slice(2);
const wantsKafka = jestArguments.length === 0 || jestArguments.some((argument) => argument.includes('kafka'));
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'kempt-test-'));
const outputFile = join(folder, 'jest.json');

const kafka = wantsKafka ? await startTestKafka() : undefined;
const environment = { ...process.env };
if (kafka?.available === true) environment['KAFKA_BROKERS'] = kafka.brokers.join(',');

/** Two workers: suites mostly wait for servers, and the machines that matter have two cores. */
const jest = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    '--json',
    `--outputFile=${outputFile}`,
    '--maxWorkers=2',
    ...jestArguments,
  ],
  // The JSON goes to the file; what jest would print on standard output besides is nothing.
  { stdio: ['ignore', 'ignore', 'inherit'], env: environment },
);
const forward = (signal: NodeJS.Signals) => jest.kill(signal);
process.once('SIGINT', forward);
process.once('SIGTERM', forward);
const exitCode = await new Promise<number>((resolve) => jest.once('exit', (code) => resolve(code ?? 1)));
if (kafka?.available === true) await kafka.stop();

let failed = exitCode === 0 ? 0 : 1;
let passed = 0;
try {
  const results = JSON.parse(await readFile(outputFile, 'utf8')) as JestResults;
  passed = results.numPassedTests;
  // A suite that could not even be loaded has no failed test of its own, and must count all the same.
  failed = Math.max(results.numFailedTests + results.numRuntimeErrorTestSuites, failed);
  for (const suite of results.testResults) {
    for (const assertion of suite.assertionResults) {
      if (assertion.status === 'pending') console.log(`skipped: ${assertion.fullName}`);
    }
  }
} catch (error) {
  console.error(`The test results could not be read: ${String(error)}`);
}
await rm(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
