import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';

/** Where Debian and others put it; `KEMPT_CHROMIUM` names another one. */
const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function findChromium(): string | undefined {
  const named = process.env['KEMPT_CHROMIUM'];
  return (named === undefined ? usualPlaces : [named]).find((place) => existsSync(place));
}

export async function launchChromium(executablePath: string): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath,
    // Without a user namespace of its own, as in most containers and for root, the sandbox cannot be set up. The pages
    // that are opened are ours.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

/**
 * A jest suite that needs a real browser. Without one it is skipped, and a line with the reason goes to the file that
 * `KEMPT_SKIPPED_SUITES_FILE` names; with `KEMPT_REQUIRE_BROWSER=1` it fails instead. Await it at the top level of the test
 * file. `body` gets a function that gives the browser, which is closed after the last test.
 */
export async function describeWithBrowser(title: string, body: (browser: () => Browser) => void): Promise<void> {
  const { afterAll, beforeAll, describe, test } = await import('@jest/globals');
  const chromium = findChromium();
  if (chromium !== undefined) {
    describe(title, () => {
      let browser: Browser | undefined;
      beforeAll(async () => {
        browser = await launchChromium(chromium);
      });
      afterAll(() => browser?.close());
      body(() => {
        if (browser === undefined) throw new Error('The browser is there from beforeAll on.');
        return browser;
      });
    });
    return;
  }
  const reason = 'there is no Chromium; install it (apt-get install chromium), or name it in KEMPT_CHROMIUM';
  const line = `skipped: ${title} because ${reason}`;
  if (process.env['KEMPT_REQUIRE_BROWSER'] === '1') throw new Error(`KEMPT_REQUIRE_BROWSER is set, yet ${line}`);
  const file = process.env['KEMPT_SKIPPED_SUITES_FILE'];
  if (file) await appendFile(file, `${line}\n`);
  describe.skip(title, () => test(`cannot run: ${reason}`, () => {}));
}
