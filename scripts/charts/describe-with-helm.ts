import { appendFile } from 'node:fs/promises';
import { findHelm } from './helm-command.ts';

/**
 * A jest suite that needs Helm. Without it the suite is skipped, and a line with the reason goes to the file that
 * `KEMPT_SKIPPED_SUITES_FILE` names; with `KEMPT_REQUIRE_HELM=1` it fails instead. Await it at the top level of the test file.
 */
export async function describeWithHelm(title: string, body: (helm: string) => void): Promise<void> {
  const { describe, test } = await import('@jest/globals');
  const helm = findHelm();
  if (helm !== undefined) {
    describe(title, () => body(helm));
    return;
  }
  const reason = 'there is no Helm; scripts/install-helm builds it, or name it in KEMPT_HELM';
  const line = `skipped: ${title} because ${reason}`;
  if (process.env['KEMPT_REQUIRE_HELM'] === '1') throw new Error(`KEMPT_REQUIRE_HELM is set, yet ${line}`);
  const file = process.env['KEMPT_SKIPPED_SUITES_FILE'];
  if (file) await appendFile(file, `${line}\n`);
  describe.skip(title, () => test(`cannot run: ${reason}`, () => {}));
}
