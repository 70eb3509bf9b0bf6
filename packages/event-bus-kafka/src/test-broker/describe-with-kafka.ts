import { spawnSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { type OwnBrokerOptions, type OwnTestKafka, startTestKafka, type TestKafka } from './test-kafka.ts';

interface NeededPrograms {
  /** Commands that must be installed and know the option `-V`. */
  readonly programs?: readonly string[];
}

/**
 * A jest suite that needs a real broker, and perhaps `programs` beside it. Where one of them is missing the suite is skipped,
 * and a line with the reason goes to the file that `KEMPT_SKIPPED_SUITES_FILE` names; with `KEMPT_REQUIRE_KAFKA=1` it fails
 * instead. Await it at the top level of the test file. `body` is called while tests are collected and gets the broker, which
 * is stopped after the last test.
 */
export function describeWithKafka(
  title: string,
  options: OwnBrokerOptions & NeededPrograms,
  body: (kafka: OwnTestKafka) => void,
): Promise<void>;
export function describeWithKafka(
  title: string,
  options: { readonly own?: false } & NeededPrograms,
  body: (kafka: TestKafka) => void,
): Promise<void>;
export async function describeWithKafka(
  title: string,
  options: (OwnBrokerOptions | { readonly own?: false }) & NeededPrograms,
  body: (kafka: OwnTestKafka) => void,
): Promise<void> {
  // Imported here because the module refuses to be loaded outside of jest, where the rest of this package is used too.
  const { afterAll, describe, test } = await import('@jest/globals');
  const missing = options.programs?.find((program) => spawnSync(program, ['-V']).error !== undefined);
  const kafka =
    missing === undefined
      ? await startTestKafka(options as OwnBrokerOptions)
      : ({ available: false, reason: `${missing} is not installed` } as const);
  if (kafka.available) {
    describe(title, () => {
      afterAll(() => kafka.stop());
      body(kafka);
    });
    return;
  }
  const line = `skipped: ${title} because ${kafka.reason}`;
  if (process.env['KEMPT_REQUIRE_KAFKA'] === '1') throw new Error(`KEMPT_REQUIRE_KAFKA is set, yet ${line}`);
  const file = process.env['KEMPT_SKIPPED_SUITES_FILE'];
  if (file) await appendFile(file, `${line.replaceAll('\n', ' ')}\n`);
  describe.skip(title, () => test(`cannot run: ${kafka.reason}`, () => {}));
}
