import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConsolePage, openConsole, signIn } from '../../services/gateway/src/browser/console-page.ts';
import { findChromium, launchChromium } from '../../services/gateway/src/browser/describe-with-browser.ts';

type Page = ConsolePage['page'];

export interface ConsoleTourOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Where pictures of the pages go; without it none are taken. */
  readonly picturesFolder?: string | undefined;
  readonly say: (line: string) => void;
}

/** A CRM is written to and read back, on a machine that may be busy. */
const patienceMs = 180_000;

/**
 * Does in a real browser, by keyboard, what a steward does: looks at the figures, compares two records, chooses a field,
 * merges them in the CRM and takes it back, fixes phones and takes that back, reads a finding and a KPI. Throws when a step
 * does not lead where it should, when the browser complains, or when a page has a barrier for people.
 */
export async function tourConsole({ url, apiKey, picturesFolder, say }: ConsoleTourOptions): Promise<void> {
  const chromium = findChromium();
  if (chromium === undefined) throw new Error('There is no Chromium. Install it: apt-get install chromium.');
  if (picturesFolder !== undefined) await mkdir(picturesFolder, { recursive: true });
  const browser = await launchChromium(chromium);
  try {
    const { page, complaints, barriers, forgetShifts } = await openConsole(browser, { url });
    page.setDefaultTimeout(patienceMs);

    async function look(name: string): Promise<void> {
      const found = [...(await complaints()), ...(await barriers())];
      if (picturesFolder !== undefined) {
        await page.screenshot({ path: join(picturesFolder, `console-${name}.png`) });
      }
      if (found.length > 0) throw new Error(`The page ${name} has faults: ${found.join('; ')}`);
    }
    const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
    const state = (name: string) => page.locator(`[data-state="${name}"]`).waitFor();
    async function go(key: string, title: string): Promise<void> {
      await forgetShifts();
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await heading(title);
      await page.locator('.waiting').first().waitFor({ state: 'detached' });
    }

    await signIn(page, apiKey);
    await page.locator('.tile .figure', { hasText: /\d/ }).first().waitFor();
    await page.locator('.waiting').first().waitFor({ state: 'detached' });
    await look('overview');
    say('overview shows figures');

    await go('c', 'Changes');
    await page.keyboard.press('w');
    await unlockAll(page);
    await look('safety');
    await go('d', 'Duplicates');
    await page.locator('.row-link').first().waitFor();
    await look('duplicates');
    await forgetShifts();
    await openFirstMergeable(page);
    await page.locator('.waterfall svg').first().waitFor();
    await look('compare');
    // From here on the page follows what is done on it.
    const chosen = await chooseOtherValue(page);
    await page.keyboard.press('p');
    await state('planned');
    await page.getByText('Way back').waitFor();
    await page.locator('.change-panel').scrollIntoViewIfNeeded();
    await forgetShifts();
    await look('merge-plan');
    await page.keyboard.press('v');
    await state('approved');
    await page.keyboard.press('m');
    await state('applied');
    await forgetShifts();
    await look('merged');
    await page.keyboard.press('u');
    await state('undone');
    say(`a proposal was merged${chosen === undefined ? '' : ` with another ${chosen}`} and taken back`);

    await go('q', 'Data quality');
    await look('data-quality');
    const fix = page.getByRole('button', { name: /^Fix / }).and(page.locator(':enabled')).first();
    await fix.press('Enter');
    await state('draft');
    await page.keyboard.press('p');
    await state('planned');
    await page.keyboard.press('v');
    await state('approved');
    await page.keyboard.press('m');
    await state('applied');
    await page.keyboard.press('u');
    await state('undone');
    say('phones were fixed and taken back');

    await go('c', 'Changes');
    await page.locator('.row-link').first().waitFor();
    await look('changes');

    await go('i', 'Integrations');
    const finding = page.locator('.finding summary').first();
    await finding.press('Enter');
    await page.getByRole('heading', { name: 'Remedy' }).first().waitFor();
    await look('integrations');
    say('a finding shows evidence and remedy');

    await go('k', 'KPIs');
    await look('kpis');
    await page.locator('.row-link', { hasText: 'Data quality' }).press('Enter');
    await page.locator('.plot-area canvas').waitFor();
    await look('kpi');
    say('a KPI has its plot');
  } finally {
    await browser.close();
  }
}

/** Production accounts are locked until somebody unlocks them, and says why. */
async function unlockAll(page: Page): Promise<void> {
  const unlock = page.getByRole('button', { name: /^Unlock .+/ });
  await page
    .getByRole('button', { name: /^(Unlock|Lock) .+/ })
    .first()
    .waitFor();
  for (let left = await unlock.count(); left > 0; left -= 1) {
    const before = await unlock.count();
    await unlock.first().press('Enter');
    await page.getByLabel('Why').fill('Tour of the console');
    await page.keyboard.press('Enter');
    await unlock.nth(before - 1).waitFor({ state: 'detached' });
  }
}

/** Opens the first proposal of two records that nobody has planned yet, since these make the shortest story. */
async function openFirstMergeable(page: Page): Promise<void> {
  const rows = page.locator('tbody tr');
  const count = await rows.count();
  for (let index = 0; index < count; index += 1) {
    if ((await rows.nth(index).locator('td').nth(3).textContent()) !== '2') continue;
    await rows.nth(index).locator('.row-link').press('Enter');
    const fresh = page.getByText('Planning writes nothing.');
    await fresh.or(page.locator('[data-state]')).first().waitFor();
    if (await fresh.isVisible()) return;
    await page.keyboard.press('Escape');
    await rows.nth(index).waitFor();
  }
  throw new Error('No proposal on the first page is about two records and not planned yet.');
}

/** Takes the value of the other record for the first field where both have one. @returns the field, if there is one */
async function chooseOtherValue(page: Page): Promise<string | undefined> {
  const row = page.locator('.compare tr.differs').first();
  if ((await row.count()) === 0) return undefined;
  await row.locator('input[type=radio]:checked').focus();
  await page.keyboard.press('ArrowRight');
  return (await row.locator('th').innerText()).split('\n')[0];
}
