import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';

/** A page of the console that remembers everything that must not happen. */
export interface ConsolePage {
  readonly page: Page;
  /** Errors in the console of the browser, uncaught ones, refused by the content security policy, shifts of the layout. */
  complaints(): Promise<readonly string[]>;
  /** Counts shifts of the layout from here on. */
  forgetShifts(): Promise<void>;
  /** What a screen reader or a weak eye would stumble over, by the rules of WCAG 2.1 AA. */
  barriers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface ConsolePageOptions {
  readonly url: string;
  readonly colorScheme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
}

interface Watched {
  readonly violations: readonly string[];
  readonly shift: number;
  /** What was moved, by the beginning of its text. */
  readonly moved: readonly string[];
}

/** Runs in the page before anything else does. */
const watching = `
  globalThis.kempt = { violations: [], shift: 0, moved: [] };
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    kempt.violations.push('policy: ' + violatedDirective + ' refused ' + blockedURI);
  });
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      kempt.shift += value;
      kempt.moved.push(...sources.map(({ node }) => node?.textContent.slice(0, 40)));
    }
  }).observe({ type: 'layout-shift', buffered: true });
`;

interface Barrier {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

const auditing = `axe
  .run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })
  .then(({ violations }) => violations)`;

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A shift that nobody asked for; 0.1 is what is held to be good. */
const mostLayoutShift = 0.1;

export async function openConsole(browser: Browser, options: ConsolePageOptions): Promise<ConsolePage> {
  const context = await browser.newContext({
    colorScheme: options.colorScheme ?? 'light',
    viewport: options.viewport ?? { width: 1280, height: 900 },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
  await page.addInitScript(watching);
  await page.goto(`${options.url}/console/`);
  return {
    page,
    async complaints() {
      const { violations, shift, moved } = (await page.evaluate('globalThis.kempt')) as Watched;
      const shifted = shift > mostLayoutShift ? [`layout: shifted by ${shift.toFixed(3)}: ${moved.join(' | ')}`] : [];
      return [...complaints, ...violations, ...shifted];
    },
    async forgetShifts() {
      await page.evaluate('Object.assign(kempt, { shift: 0, moved: [] })');
    },
    async barriers() {
      await page.evaluate(axeSource);
      const violations = (await page.evaluate(auditing)) as readonly Barrier[];
      return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes[0]?.html ?? ''})`);
    },
    close: () => context.close(),
  };
}

/** Signs in by keyboard. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').waitFor();
  await page.keyboard.type(key);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}
