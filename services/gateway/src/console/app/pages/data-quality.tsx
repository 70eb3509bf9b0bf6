import { useState } from 'preact/hooks';
import { api, type Page } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { ChangePanel } from '../changes/change-panel.tsx';
import { findRequestedBy } from '../changes/change-set.ts';
import { absent, countText, scoreText, wordsText } from '../elements/number-text.ts';
import { Badge, Empty, Shown, Then, type Tone } from '../elements/states.tsx';
import { Table } from '../elements/table.tsx';
import { HistoryPlot } from '../plots/history-plot.tsx';
import { may } from '../session/session.ts';
import { attempt, notify } from '../shell/notices.tsx';
import { go, hrefOf, type PageProps } from '../shell/route.ts';
import { useShortcuts } from '../shell/shortcuts.ts';

export interface Score {
  readonly account: string;
  readonly object: string;
  /** 0 to 100; absent when no rule applied. */
  readonly score?: number;
  readonly records: number;
  readonly openIssues: number;
  readonly dimensions: readonly { readonly dimension: string; readonly score: number }[];
}

interface ExplainedScore extends Score {
  readonly losses: readonly {
    readonly ruleId: string;
    readonly dimension: string;
    readonly checked: number;
    readonly failed: number;
    readonly points: number;
    readonly message: string;
  }[];
  readonly owners: readonly {
    readonly ownerId?: string;
    readonly score: number;
    readonly failed: number;
    readonly checked: number;
  }[];
}

interface Standardisation {
  readonly id: string;
  readonly description: string;
  readonly objects: readonly { readonly account: string; readonly object: string; readonly values: number }[];
}

interface Issue {
  readonly issueId: string;
  readonly recordId: string;
  readonly ruleId: string;
  readonly dimension: string;
  readonly severity: string;
  readonly field?: string;
  readonly message: string;
  readonly ownerId?: string;
}

const dimensionNames = ['completeness', 'validity', 'uniqueness', 'freshness', 'consistency'];
const severityTones: Readonly<Record<string, Tone>> = { high: 'bad', medium: 'warn', low: 'quiet' };

export function DataQualityPage({ id }: PageProps) {
  return id === undefined ? <ScoreList /> : <ScoreView key={id} id={id} />;
}

/** `account/object` names a score in the address. */
const placeOf = ({ account, object }: { account: string; object: string }): string => `${account}/${object}`;

function ScoreList() {
  const scores = useResource<Page<Score>>(
    'scores',
    (signal) => api.list('/v1/data-quality/scores', { query: { limit: 200 }, signal }),
    { topics: ['score-measured', 'issue-changed'] },
  );
  const standards = useResource<Page<Standardisation>>(
    'standards',
    (signal) => api.list('/v1/data-quality/standardisations', { signal }),
    { topics: ['score-measured', 'change-set-changed'] },
  );
  const [setId, setSetId] = useState<string>();

  return (
    <>
      <div class="page-head">
        <h1>Data quality</h1>
      </div>
      <Shown resource={scores} what="scores">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No object has been scored yet.">Scores come with the first records.</Empty>
          ) : (
            <Table
              caption="Scores from 0 to 100 by object"
              rows={items}
              rowKey={placeOf}
              href={(score) => hrefOf('quality', placeOf(score))}
              takesFocus
              columns={[
                { title: 'Object', cell: (score) => score.object },
                { title: 'Account', cell: (score) => score.account },
                { title: 'Score', isNumber: true, cell: (score) => <strong>{scoreText(score.score)}</strong> },
                ...dimensionNames
                  .filter((name) =>
                    items.some(({ dimensions }) => dimensions.some(({ dimension }) => dimension === name)),
                  )
                  .map((name) => ({
                    title: wordsText(name),
                    isNumber: true,
                    cell: (score: Score) =>
                      scoreText(score.dimensions.find(({ dimension }) => dimension === name)?.score),
                  })),
                { title: 'Records', isNumber: true, cell: (score) => countText(score.records) },
                { title: 'Open issues', isNumber: true, cell: (score) => countText(score.openIssues) },
              ]}
            />
          )
        }
      </Shown>
      <Then after={[scores]}>
        <h2>Fixes</h2>
        <Shown resource={standards} what="standardisations" lines={3}>
          {({ items }) =>
            items.every(({ objects }) => objects.length === 0) ? (
              <Empty title="There is nothing to fix." />
            ) : (
              items.map((standard) => <Fixes key={standard.id} standard={standard} onDrafted={setSetId} />)
            )
          }
        </Shown>
      </Then>
      {setId !== undefined && (
        <>
          <h2>The fix</h2>
          <ChangePanel id={setId} words={{ apply: 'write' }} />
        </>
      )}
    </>
  );
}

const draftWaitMs = 20_000;

function Fixes({
  standard,
  onDrafted,
}: {
  readonly standard: Standardisation;
  readonly onDrafted: (changeSetId: string) => void;
}) {
  const [waitingFor, setWaitingFor] = useState<string>();

  /** Asks for the fixes and waits for the change set that the connector drafts of them. */
  async function fix(account: string, object: string): Promise<void> {
    setWaitingFor(placeOf({ account, object }));
    try {
      const path = `/v1/data-quality/standardisations/${encodeURIComponent(standard.id)}/proposals`;
      const { proposalId } = await api.post<{ proposalId: string }>(path, { account, object });
      for (const deadline = performance.now() + draftWaitMs; performance.now() < deadline; ) {
        const set = await findRequestedBy(`proposal:${proposalId}`);
        if (set !== undefined) {
          notify('done', 'The fixes are drafted. Plan, approve and write them below.');
          return onDrafted(set.id);
        }
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      notify('problem', 'The change set has not been drafted yet. It will appear under Changes.');
    } finally {
      setWaitingFor(undefined);
    }
  }

  return (
    <section>
      <h3>{standard.description}</h3>
      <ul class="rows">
        {standard.objects.map(({ account, object, values }) => (
          <li key={placeOf({ account, object })}>
            <span>
              {object} of {account}: {countText(values)} {values === 1 ? 'value' : 'values'}
            </span>
            <button
              type="button"
              disabled={values === 0 || !may('quality:write') || waitingFor !== undefined}
              onClick={() => void attempt(() => fix(account, object))}
            >
              {waitingFor === placeOf({ account, object }) ? 'Drafting…' : `Fix ${object}`}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ScoreView({ id }: { readonly id: string }) {
  const cut = id.lastIndexOf('/');
  const [account, object] = [id.slice(0, cut), id.slice(cut + 1)];
  const path = `/v1/data-quality/scores/${encodeURIComponent(account)}/${encodeURIComponent(object)}`;
  const score = useResource<ExplainedScore>(id, (signal) => api.get(path, { signal }), { topics: ['score-measured'] });
  const history = useResource<Page<{ measuredAt: string; score: number }>>(
    id,
    (signal) => api.list(`${path}/history`, { query: { limit: 200 }, signal }),
    { topics: ['score-measured'] },
  );
  const issues = useResource<Page<Issue>>(
    id,
    (signal) => api.list('/v1/data-quality/issues', { query: { account, object, limit: 100 }, signal }),
    { topics: ['issue-changed'] },
  );
  useShortcuts('Score', [{ keys: 'Escape', label: 'Back to the scores', run: () => go('quality') }]);
  return (
    <>
      <div class="page-head">
        <h1>
          {object} of {account}
        </h1>
        <a href={hrefOf('quality')}>
          All scores <kbd>Esc</kbd>
        </a>
      </div>
      <Shown resource={score} what="score">
        {(value) => (
          <>
            <dl class="facts">
              <div>
                <dt>Score</dt>
                <dd class="figure">{scoreText(value.score)} of 100</dd>
              </div>
              {value.dimensions.map(({ dimension, score: points }) => (
                <div key={dimension}>
                  <dt>{wordsText(dimension)}</dt>
                  <dd>{scoreText(points)}</dd>
                </div>
              ))}
              <div>
                <dt>Records</dt>
                <dd>{countText(value.records)}</dd>
              </div>
            </dl>
            <Table
              caption="What the score loses, most first"
              rows={value.losses}
              rowKey={(loss) => loss.ruleId}
              columns={[
                { title: 'Rule', cell: (loss) => loss.message || wordsText(loss.ruleId) },
                { title: 'Dimension', cell: (loss) => wordsText(loss.dimension) },
                { title: 'Failed', isNumber: true, cell: (loss) => countText(loss.failed) },
                { title: 'Checked', isNumber: true, cell: (loss) => countText(loss.checked) },
                { title: 'Lost', unit: 'points', isNumber: true, cell: (loss) => loss.points.toFixed(2) },
              ]}
            />
            <Table
              caption="By owner, worst first"
              rows={value.owners.slice(0, 50)}
              rowKey={(owner) => owner.ownerId ?? ''}
              columns={[
                { title: 'Owner', cell: (owner) => owner.ownerId ?? 'Nobody' },
                { title: 'Score', isNumber: true, cell: (owner) => scoreText(owner.score) },
                { title: 'Failed', isNumber: true, cell: (owner) => countText(owner.failed) },
                { title: 'Checked', isNumber: true, cell: (owner) => countText(owner.checked) },
              ]}
            />
          </>
        )}
      </Shown>
      <Then after={[score]}>
        <h2>History</h2>
        <Shown resource={history} what="history" lines={6}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="The score has not been measured yet." />
            ) : (
              <HistoryPlot
                title="Score of 100"
                points={items
                  .map((point) => ({ at: point.measuredAt, value: point.score }))
                  .sort((a, b) => (a.at < b.at ? -1 : 1))}
                format={(value) => value.toFixed(1)}
              />
            )
          }
        </Shown>
      </Then>
      <Then after={[score, history]}>
        <h2>Open issues</h2>
        <Shown resource={issues} what="issues">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No issue is open." />
            ) : (
              <Table
                caption="The first open issues"
                rows={items}
                rowKey={(issue) => issue.issueId}
                columns={[
                  { title: 'Record', cell: (issue) => <code>{issue.recordId}</code> },
                  { title: 'What is wrong', cell: (issue) => issue.message },
                  { title: 'Dimension', cell: (issue) => wordsText(issue.dimension) },
                  {
                    title: 'Severity',
                    cell: (issue) => (
                      <Badge tone={severityTones[issue.severity] ?? 'quiet'}>{wordsText(issue.severity)}</Badge>
                    ),
                  },
                  { title: 'Owner', cell: (issue) => issue.ownerId ?? absent },
                ]}
              />
            )
          }
        </Shown>
      </Then>
    </>
  );
}
