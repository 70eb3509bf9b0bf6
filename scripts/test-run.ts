/**
 * Runs jest over the workspace with one Kafka broker for all suites that need one, and ends with `N passed, N failed`.
 * Arguments are handed to jest.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTestKafka } from '@kempt/event-bus-kafka/testing';

interface Suite {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

/** More suites than this fail for a reason, and not because they ran beside others. */
const mostRunAgain = 5;
const jestArguments = process.argv.slice(2);
const wantsKafka = jestArguments.length === 0 || jestArguments.some((argument) => argument.includes('kafka'));
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'kempt-test-'));
const kafka = wantsKafka ? await startTestKafka() : undefined;
const environment = { ...process.env };
if (kafka?.available === true) environment['KAFKA_BROKERS'] = kafka.brokers.join(',');

/** The suites that jest ran with these arguments. Throws when it left no results. */
async function runJest(jestArguments: readonly string[]): Promise<readonly Suite[]> {
  const outputFile = join(folder, 'jest.json');
  await rm(outputFile, { force: true });
  const jest = spawn(
    process.execPath,
    [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '--json', `--outputFile=${outputFile}`, ...jestArguments],
    // The JSON goes to the file; what jest would print on standard output besides is nothing.
    { stdio: ['ignore', 'ignore', 'inherit'], env: environment },
  );
  const forward = (signal: NodeJS.Signals) => jest.kill(signal);
  process.once('SIGINT', forward);
  process.once('SIGTERM', forward);
  const exitCode = await new Promise<number>((resolve) => jest.once('exit', (code) => resolve(code ?? 1)));
  process.off('SIGINT', forward);
  process.off('SIGTERM', forward);
  const { testResults } = JSON.parse(await readFile(outputFile, 'utf8')) as { readonly testResults: readonly Suite[] };
  if (exitCode !== 0 && testResults.every(hasPassed)) throw new Error(`jest ended with code ${exitCode}`);
  return testResults;
}

const hasPassed = ({ status }: Suite): boolean => status !== 'failed';
const failuresOf = ({ assertionResults }: Suite): readonly string[] =>
  assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
const sum = (suites: readonly Suite[], count: (suite: Suite) => number): number =>
  suites.reduce((total, suite) => total + count(suite), 0);

/**
 * Suites that failed beside others are run once more by themselves: many wait for servers and hold answers against a clock,
 * which a machine that is busy with another suite may stretch. What fails then, too, has failed; what does not is named.
 */
async function runAgainAlone(suites: readonly Suite[]): Promise<readonly Suite[]> {
  const failing = suites.filter((suite) => !hasPassed(suite));
  if (failing.length === 0 || failing.length > mostRunAgain) return suites;
  console.log(`\nRunning ${failing.length} failed suites once more, alone`);
  const again = await runJest(['--runInBand', '--runTestsByPath', ...failing.map(({ name }) => name)]);
  const byName = new Map(again.map((suite) => [suite.name, suite]));
  const recovered = failing.filter(({ name }) => {
    const suite = byName.get(name);
    return suite !== undefined && hasPassed(suite);
  });
  if (recovered.length > 0) console.log('\nFailed beside other suites and passed alone:');
  for (const suite of recovered) {
    for (const test of failuresOf(suite)) console.log(`  ${relative(root, suite.name)}: ${test}`);
  }
  return suites.map((suite) => byName.get(suite.name) ?? suite);
}

let passed = 0;
let failed = 1;
try {
  // Two workers: suites mostly wait for servers, and the machines that matter have two cores.
  const suites = await runJest(['--maxWorkers=2', ...jestArguments]);
  const last = jestArguments.length === 0 ? await runAgainAlone(suites) : suites;
  passed = sum(last, ({ assertionResults }) => assertionResults.filter(({ status }) => status === 'passed').length);
  // A suite that could not even be loaded has no failed test of its own, and must count all the same.
  failed = sum(last, (suite) => (hasPassed(suite) ? 0 : Math.max(1, failuresOf(suite).length)));
  for (const { assertionResults } of last) {
    for (const { status, fullName } of assertionResults) {
      if (status === 'pending') console.log(`skipped: ${fullName}`);
    }
  }
} catch (error) {
  console.error(`The test results could not be read: ${String(error)}`);
}
if (kafka?.available === true) await kafka.stop();
await rm(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
