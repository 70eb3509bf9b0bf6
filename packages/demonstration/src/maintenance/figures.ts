import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import type { ApiClient } from '../first-sync/api-client.ts';

interface ScoreView {
  readonly account: string;
  readonly object: string;
  readonly score?: number;
  readonly records: number;
  readonly openIssues: number;
}

interface KpiView {
  readonly title: string;
  readonly account?: string;
  readonly unit: string;
  readonly value?: number;
  readonly target: number;
  readonly isOnTarget?: boolean;
}

interface FindingView {
  readonly severity: string;
  readonly ruleId: string;
}

interface ProposalView {
  readonly account: string;
  readonly object: string;
}

/** What Kempt found out about the CRMs, as people see it at the gateway. */
export interface Figures {
  readonly scores: readonly ScoreView[];
  readonly kpis: readonly KpiView[];
  readonly findings: readonly FindingView[];
  readonly proposals: readonly ProposalView[];
}

async function all<T>(items: AsyncGenerator<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Figures follow the events by a few seconds. */
const patienceMs = 60_000;
const pauseMs = 1_000;

/** Waits until everything was measured at least once, or as long as that may take, and reads what there is. */
export async function awaitFigures(api: ApiClient, signal: AbortSignal): Promise<Figures> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const figures = await readFigures(api);
    const isComplete = figures.kpis.every(({ value }) => value !== undefined) && figures.findings.length > 0;
    if (isComplete || signal.aborted || performance.now() > deadline) return figures;
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function readFigures(api: ApiClient): Promise<Figures> {
  return {
    scores: await all(api.list<ScoreView>('/v1/data-quality/scores')),
    kpis: (await api.get<{ readonly items: readonly KpiView[] }>('/v1/kpis')).items,
    findings: await all(api.list<FindingView>('/v1/findings', { state: 'open', limit: 200 })),
    proposals: await all(api.list<ProposalView>('/v1/proposals', { state: 'open', limit: 200 })),
  };
}

/** No lines between rows: a summary should fit a screen. */
const plain = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

const shown = (value: number | undefined, unit: string): string => {
  if (value === undefined) return 'not known yet';
  return unit === 'ratio' ? `${(value * 100).toFixed(1)} %` : `${value.toFixed(1)} ${unit}`;
};

/** How often each group occurs, most frequent first. */
function tally(names: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

export function figureTables({ scores, kpis, findings, proposals }: Figures): string {
  const quality = new Table({
    ...plain,
    head: ['Data quality of', 'score', 'records', 'open issues'],
    colAligns: ['left', 'right', 'right', 'right'],
  });
  for (const { account, object, score, records, openIssues } of scores) {
    quality.push([
      `${object} (${account})`,
      score?.toFixed(1) ?? 'not known yet',
      records.toLocaleString('en'),
      openIssues.toLocaleString('en'),
    ]);
  }
  const indicators = new Table({
    ...plain,
    head: ['KPI', 'value', 'target', ''],
    colAligns: ['left', 'right', 'right', 'left'],
  });
  for (const { title, account, unit, value, target, isOnTarget } of kpis) {
    indicators.push([
      account === undefined ? title : `${title}: ${account}`,
      shown(value, unit),
      shown(target, unit),
      isOnTarget === undefined ? '' : isOnTarget ? 'on target' : 'off target',
    ]);
  }
  const found = new Table({ ...plain, head: ['Findings', 'severity', 'open'], colAligns: ['left', 'left', 'right'] });
  for (const [name, count] of tally(findings.map(({ ruleId, severity }) => `${ruleId}\n${severity}`))) {
    const [ruleId = '', severity = ''] = name.split('\n');
    found.push([ruleId, severity, count]);
  }
  const proposed = new Table({ ...plain, head: ['Merges proposed among', 'open'], colAligns: ['left', 'right'] });
  for (const [name, count] of tally(proposals.map(({ account, object }) => `${object} (${account})`))) {
    proposed.push([name, count.toLocaleString('en')]);
  }
  return [quality, indicators, found, proposed].map((table) => table.toString()).join('\n\n');
}
