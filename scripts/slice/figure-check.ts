import { createApiClient } from '@kempt/demonstration';
import { independentFigures, scoreFindings } from '@kempt/demonstration/scoring';
import type { Deployment } from './deployment.ts';
import { createRestClient } from './rest-dump.ts';
import { awaitTrue } from './settled.ts';

interface ScoreView {
  readonly score?: number;
  readonly records: number;
}

interface KpiView {
  readonly kpi: string;
  readonly account?: string;
  readonly value?: number;
}

interface ExplainedScore {
  readonly score?: number;
  readonly losses: readonly { readonly ruleId: string; readonly failed: number }[];
}

/** Holds findings, KPIs and issues against what follows from the CRMs and the truth about them. @returns one line of what was compared */
export async function checkFigures(deployment: Deployment, seed: string): Promise<string> {
  const client = createRestClient(deployment.apiUrl, deployment.apiKey);
  const { items: connections } = (await client.get('/v1/connections')) as {
    items: { account: string; system: 'salesforce' | 'hubspot' }[];
  };
  const accounts = Object.fromEntries(connections.map(({ system, account }) => [system, account])) as Record<
    'salesforce' | 'hubspot',
    string
  >;
  const expected = await independentFigures(
    {
      records: async (crm, object) =>
        (await (await fetch(`${deployment.controlUrl}/__control/${crm}/records/${object}`)).json()) as Record<
          string,
          unknown
        >[],
    },
    { seed, now: Date.now(), accounts },
  );
  const scoreOf = async (account: string, object: string): Promise<ExplainedScore> =>
    (await client.get(`/v1/data-quality/scores/${encodeURIComponent(account)}/${object}`)) as ExplainedScore;
  let differences: string[] = [];
  // A score is measured within 15 s of a change and a KPI within 60 s of a score.
  await awaitTrue(120_000, 'equality of figures', async () => {
    differences = [];
    const { items } = (await client.get('/v1/kpis')) as { items: KpiView[] };
    for (const [kpi, value] of Object.entries(expected.kpis)) {
      const shown = items.find((item) => item.kpi === kpi && item.account === undefined)?.value;
      if (shown === undefined || Math.abs(shown - value) > 1e-9)
        differences.push(`${kpi}: ${shown}, should be ${value}`);
    }
    for (const [name, count] of Object.entries(expected.issues)) {
      const [account = '', object = '', ruleId = ''] = name.split(' ');
      const { losses } = await scoreOf(account, object);
      const shown = losses.find((loss) => loss.ruleId === ruleId)?.failed ?? 0;
      if (shown !== count) differences.push(`issues of ${ruleId} in ${object}: ${shown}, should be ${count}`);
    }
    for (const [name, score] of Object.entries(expected.scores)) {
      const [account = '', object = ''] = name.split(' ');
      const shown = (await scoreOf(account, object)).score;
      if (shown === undefined || Math.abs(shown - score) > 1e-6)
        differences.push(`score of ${object}: ${shown}, should be ${score}`);
    }
    const scores = ((await client.get('/v1/data-quality/scores')) as { items: ScoreView[] }).items;
    const overall = items.find(({ kpi }) => kpi === 'data-quality')?.value ?? Number.NaN;
    const mean =
      scores.reduce((sum, { score = 0, records }) => sum + score * records, 0) /
      scores.reduce((sum, { score, records }) => sum + (score === undefined ? 0 : records), 0);
    if (!(Math.abs(overall - mean) < 0.01)) differences.push(`data-quality: ${overall}, should be ${mean}`);
    return differences.length === 0;
  }).catch((error: unknown) => {
    throw differences.length === 0 ? error : new Error(`figures differ:\n  ${differences.join('\n  ')}`);
  });
  const api = createApiClient(deployment.apiUrl, deployment.apiKey);
  const findings = await scoreFindings({ api, seed });
  if (findings.missing.length + findings.extra.length > 0) {
    throw new Error(
      [
        'findings differ:',
        ...findings.missing.map((name) => `missing ${name}`),
        ...findings.extra.map((name) => `extra ${name}`),
      ].join('\n  '),
    );
  }
  return `${findings.right} findings, ${Object.keys(expected.kpis).length + 1} KPIs, ${Object.keys(expected.issues).length} counts of issues and ${Object.keys(expected.scores).length} score are what the CRMs and the truth about them give`;
}
