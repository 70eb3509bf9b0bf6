import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { RunningService } from '@kempt/service-runtime';
import type { Page } from 'playwright-core';
import { createGatewayTestBed, type GatewayTestBed } from '../gateway-test-bed.ts';
import { type ConsolePage, openConsole, signIn } from './console-page.ts';
import { describeWithBrowser } from './describe-with-browser.ts';
import { type StubPlatform, startStubPlatform } from './stub-platform.ts';

await describeWithBrowser('the console in a browser', (browser) => {
  let bed: GatewayTestBed;
  let platform: StubPlatform;
  let gateway: RunningService;
  let opened: ConsolePage;
  let page: Page;

  beforeAll(async () => {
    bed = await createGatewayTestBed();
    platform = await startStubPlatform(bed.bus);
    gateway = await bed.startGateway({
      KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: platform.url,
      KEMPT_GATEWAY_UPSTREAMS_DEDUPE: platform.url,
      KEMPT_GATEWAY_UPSTREAMS_DATA_QUALITY: platform.url,
      KEMPT_GATEWAY_UPSTREAMS_INTEGRATION_AUDIT: platform.url,
      KEMPT_GATEWAY_UPSTREAMS_METRICS: platform.url,
    });
  });
  beforeEach(async () => {
    opened = await openConsole(browser(), { url: gateway.url });
    page = opened.page;
    page.setDefaultTimeout(10_000);
  });
  afterEach(async () => {
    const complaints = await opened.complaints();
    await opened.close();
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await bed.close();
    await platform.close();
  });

  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name });
  const state = (name: string) => page.locator(`[data-state="${name}"]`);

  async function pressUntil(key: string, isThere: () => Promise<boolean>): Promise<void> {
    for (let count = 0; count < 60; count += 1) {
      if (await isThere()) return;
      await page.keyboard.press(key);
    }
    throw new Error(`${key} did not lead there`);
  }

  test('a wrong key is refused in words; the right one stays in the tab and not on the disk', async () => {
    await page.getByLabel('API key').waitFor();
    expect(await opened.barriers()).toEqual([]);
    await page.keyboard.type('kempt_live_wrong');
    await page.keyboard.press('Enter');
    await page.getByText('The API key is not known.').waitFor();
    await page.getByLabel('API key').fill('');
    await page.getByLabel('API key').focus();
    await signIn(page, bed.bootstrapKey);
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('kempt_test');
    await page.reload();
    await heading('Overview').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).press('Enter');
    await page.getByLabel('API key').waitFor();
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain('kempt_test');
    // The refused key is an error to the browser, and meant to be one.
    const complaints = await opened.complaints();
    expect(complaints.every((one) => one.includes('401'))).toBe(true);
    opened = { ...opened, complaints: async () => [] };
  });

  test('the overview shows scores, KPIs, what waits, connections, and what happens as it happens', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.getByText('Live', { exact: true }).waitFor();
    const tile = (name: string) => page.locator('.tile', { has: page.getByRole('heading', { name, exact: true }) });
    expect(await tile('Contact').textContent()).toContain('88.4');
    expect(await tile('Data quality').textContent()).toContain('89.7 of 100');
    expect(await tile('Uptime of the CRMs').textContent()).toContain('99.94%');
    expect(await tile('Open proposals').locator('.figure').textContent()).toBe('3');
    expect(await tile('Open findings').textContent()).toContain('1 of them high');
    await page.getByText('HubSpot refuses the token.').waitFor();
    const [set] = [...platform.changeSets.values()];
    await fetch(`${platform.url}/v1/change-sets/${set?.id}/plan`, { method: 'POST' });
    await page.getByText('Two contacts become one: Planned').waitFor();
    expect(await opened.barriers()).toEqual([]);
  });

  test('compare, choose a field, plan, approve, merge and undo, by keyboard only', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await heading('Duplicates').waitFor();
    await page.getByRole('link', { name: 'Anna Keller2' }).waitFor();
    expect(await opened.barriers()).toEqual([]);
    await pressUntil(
      'j',
      () => page.evaluate("document.activeElement?.textContent === 'Anna Keller2'") as Promise<boolean>,
    );
    await page.keyboard.press('Enter');
    await heading('Anna Keller2').waitFor();
    await page.locator('.waterfall svg').waitFor();
    expect(await page.locator('.waterfall rect').count()).toBe(6);
    expect(await opened.barriers()).toEqual([]);
    // To the choice of the phone number, then to the other record's value.
    await pressUntil('Tab', () => page.evaluate("document.activeElement?.name === 'field-Phone'") as Promise<boolean>);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('p');
    await state('planned').waitFor();
    await page.getByText('The e-mail history of the loser').waitFor();
    expect(await page.locator('.operation tr', { hasText: 'Phone' }).textContent()).toContain('+49 30 12345678');
    expect(await opened.barriers()).toEqual([]);
    expect(platform.writes).toEqual([]);
    await page.keyboard.press('v');
    await state('approved').waitFor();
    expect(platform.writes).toEqual([]);
    await page.keyboard.press('m');
    await state('applied').waitFor();
    expect(platform.writes).toEqual(['merge sf:00D1:Contact:003A2']);
    const [set] = [...platform.changeSets.values()].filter(({ requestedBy }) => requestedBy.endsWith('2'));
    expect(set?.operations).toEqual([
      {
        kind: 'merge',
        master: 'sf:00D1:Contact:003A2',
        losers: ['sf:00D1:Contact:003B2'],
        fields: { Title: 'Head of sales', Phone: '+49 30 12345678' },
      },
    ]);
    await page.keyboard.press('u');
    await state('undone').waitFor();
    expect(platform.writes).toEqual(['merge sf:00D1:Contact:003A2', 'undo merge sf:00D1:Contact:003A2']);
    await page.keyboard.press('Escape');
    await heading('Duplicates').waitFor();
  });

  test('a verdict takes one key, and is told of each pair', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.goto(`${gateway.url}/console/#/duplicates/0197a000-0000-4000-8000-000000000003`);
    await heading('Anna Keller3').waitFor();
    await page.keyboard.press('d');
    await page.getByText('Noted: the records are different.').waitFor();
    expect(platform.verdicts.at(-1)).toEqual({
      left: 'sf:00D1:Contact:003A3',
      right: 'sf:00D1:Contact:003B3',
      verdict: 'different',
    });
  });

  test('a planned change is found in the list and approved', async () => {
    const [, , set] = [...platform.changeSets.values()];
    await fetch(`${platform.url}/v1/change-sets/${set?.id}/plan`, { method: 'POST' });
    await signIn(page, bed.bootstrapKey);
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await heading('Changes').waitFor();
    await page.getByLabel('State').selectOption('planned');
    await page.getByRole('link', { name: set?.title ?? '' }).press('Enter');
    await state('planned').waitFor();
    expect(await opened.barriers()).toEqual([]);
    await page.getByRole('button', { name: 'Approve' }).press('Enter');
    await state('approved').waitFor();
    expect(set?.state).toBe('approved');
  });

  test('a locked account is unlocked with a reason, by keyboard', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await heading('Changes').waitFor();
    await page.keyboard.press('w');
    await page.getByRole('button', { name: 'Unlock Salesforce (simulated)' }).press('Enter');
    await page.keyboard.type('Merging duplicates');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Lock Salesforce (simulated)', exact: true }).waitFor();
    expect(await opened.barriers()).toEqual([]);
  });

  test('phones are fixed from the page of data quality, and written only after approval', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.keyboard.press('g');
    await page.keyboard.press('q');
    await heading('Data quality').waitFor();
    await page.getByText('Contact of sf:00D1: 37 values').waitFor();
    expect(await opened.barriers()).toEqual([]);
    const before = platform.writes.length;
    await page.getByRole('button', { name: 'Fix Contact' }).press('Enter');
    await state('draft').waitFor();
    await page.keyboard.press('p');
    await state('planned').waitFor();
    await page.getByRole('cell', { name: '+493012345678' }).waitFor();
    await page.keyboard.press('v');
    await state('approved').waitFor();
    expect(platform.writes.length).toBe(before);
    await page.keyboard.press('m');
    await state('applied').waitFor();
    expect(platform.writes.slice(before)).toEqual(['update sf:00D1:Contact:003A']);
  });

  test('a score explains itself, with its history', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.goto(`${gateway.url}/console/#/quality/${encodeURIComponent('sf:00D1/Contact')}`);
    await heading('Contact of sf:00D1').waitFor();
    await page.getByText('The phone number is not valid.').waitFor();
    await page.locator('.plot-area canvas').waitFor();
    expect(await opened.barriers()).toEqual([]);
  });

  test('a finding shows its evidence and its remedy', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await heading('Integrations').waitFor();
    const summary = page.locator('summary', { hasText: 'A user with the power to modify all data never logged in' });
    await summary.press('Enter');
    await page.getByText('Deactivate the user, or take the power away.').waitFor();
    await page.getByRole('cell', { name: 'Maria Brandt' }).waitFor();
    expect(await opened.barriers()).toEqual([]);
  });

  test('a KPI shows value, baseline and target with units, and its history as a plot that has ink', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.keyboard.press('g');
    await page.keyboard.press('k');
    await heading('KPIs').waitFor();
    await page.getByRole('cell', { name: '89.7 of 100' }).waitFor();
    expect(await opened.barriers()).toEqual([]);
    await page.getByRole('link', { name: 'Data quality' }).nth(1).press('Enter');
    await heading('Data quality').waitFor();
    await page.locator('.plot-area canvas').waitFor();
    // The line of the values is drawn in the accent of the light theme.
    const inked = await page.evaluate(`(() => {
      const canvas = document.querySelector('.plot-area canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const accent = [31, 95, 191, 255];
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (accent.every((part, n) => data[at + n] === part)) count += 1;
      return count;
    })()`);
    expect(inked).toBeGreaterThan(500);
    expect(await opened.barriers()).toEqual([]);
  });

  test('the keys are listed by ?, and Escape gives the page back', async () => {
    await signIn(page, bed.bootstrapKey);
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await help.waitFor();
    expect(await help.textContent()).toContain('Go to Duplicates');
    expect(await opened.barriers()).toEqual([]);
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'hidden' });
    await page.keyboard.press('g');
    await page.keyboard.press('k');
    await heading('KPIs').waitFor();
  });

  test('the dark theme is as readable as the light one', async () => {
    await opened.close();
    opened = await openConsole(browser(), { url: gateway.url, colorScheme: 'dark' });
    page = opened.page;
    await signIn(page, bed.bootstrapKey);
    for (const name of ['overview', 'duplicates/0197a000-0000-4000-8000-000000000001', 'changes', 'quality', 'kpis']) {
      await page.goto(`${gateway.url}/console/#/${name}`);
      await page.locator('.waiting').first().waitFor({ state: 'detached' });
      expect([name, await opened.barriers()]).toEqual([name, []]);
    }
  });

  test('a service that is away is told in words, and the rest of the page stays', async () => {
    await opened.close();
    const half = await bed.startGateway({ KEMPT_GATEWAY_UPSTREAMS_METRICS: platform.url });
    opened = await openConsole(browser(), { url: half.url });
    page = opened.page;
    await signIn(page, bed.bootstrapKey);
    await page.getByText('The service connector is not part of this installation.').first().waitFor();
    await page.getByText('89.7 of 100').waitFor();
    const complaints = await opened.complaints();
    expect(complaints.every((one) => one.includes('404'))).toBe(true);
    opened = { ...opened, complaints: async () => [] };
  });
});
