import { useState } from 'preact/hooks';
import { api, type Page } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { absent, countText, timeText, unitText, wordsText } from '../elements/number-text.ts';
import { Badge, Empty, Shown } from '../elements/states.tsx';
import { Table } from '../elements/table.tsx';
import { HistoryPlot } from '../plots/history-plot.tsx';
import { may } from '../session/session.ts';
import { attempt, notify } from '../shell/notices.tsx';
import { go, hrefOf, type PageProps } from '../shell/route.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { type Kpi, toneOf } from './kpi.ts';

interface KpiDetail extends Kpi {
  readonly formula: string;
  readonly terms: Readonly<Record<string, number>>;
  readonly history: readonly { readonly measuredAt: string; readonly value?: number | null }[];
}

export function KpisPage({ id }: PageProps) {
  return id === undefined ? <KpiList /> : <KpiView key={id} id={id} />;
}

function KpiList() {
  const kpis = useResource<Page<Kpi>>('kpis', (signal) => api.list('/v1/kpis', { signal }), {
    topics: ['kpi-measured'],
  });
  return (
    <>
      <div class="page-head">
        <h1>KPIs</h1>
      </div>
      <Shown resource={kpis} what="KPIs">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing has been measured yet.">The first values come with the first events.</Empty>
          ) : (
            <Table
              caption="Key performance indicators"
              rows={items}
              rowKey={(kpi) => `${kpi.kpi} ${kpi.account ?? ''}`}
              href={(kpi) => hrefOf('kpis', kpi.kpi)}
              takesFocus
              columns={[
                { title: 'KPI', cell: (kpi) => kpi.title ?? wordsText(kpi.kpi) },
                { title: 'Account', cell: (kpi) => kpi.account || 'All' },
                { title: 'Value', isNumber: true, cell: (kpi) => unitText(kpi.value, kpi.unit) },
                { title: 'Baseline', isNumber: true, cell: (kpi) => unitText(kpi.baseline, kpi.unit) },
                { title: 'Target', isNumber: true, cell: (kpi) => unitText(kpi.target, kpi.unit) },
                {
                  title: 'State',
                  cell: (kpi) => <Badge tone={toneOf(kpi)}>{stateWords[toneOf(kpi)]}</Badge>,
                },
                { title: 'Measured', cell: (kpi) => timeText(kpi.measuredAt) },
              ]}
            />
          )
        }
      </Shown>
    </>
  );
}

const stateWords = { good: 'On target', warn: 'Below target', quiet: 'Nothing to say yet' } as const;

function KpiView({ id }: { readonly id: string }) {
  const kpi = useResource<KpiDetail>(id, (signal) => api.get(`/v1/kpis/${encodeURIComponent(id)}`, { signal }), {
    topics: ['kpi-measured'],
  });
  useShortcuts('KPI', [{ keys: 'Escape', label: 'Back to the list', run: () => go('kpis') }]);
  return (
    <>
      <div class="page-head">
        <h1>{kpi.value?.title ?? wordsText(id)}</h1>
        <a href={hrefOf('kpis')}>
          All KPIs <kbd>Esc</kbd>
        </a>
      </div>
      <Shown resource={kpi} what="KPI" lines={8}>
        {(value) => (
          <>
            <dl class="facts">
              <div>
                <dt>Value</dt>
                <dd class="figure">{unitText(value.value, value.unit)}</dd>
              </div>
              <div>
                <dt>Baseline</dt>
                <dd>{unitText(value.baseline, value.unit)}</dd>
              </div>
              <div>
                <dt>Target</dt>
                <dd>{unitText(value.target, value.unit)}</dd>
              </div>
              <div>
                <dt>Measured</dt>
                <dd>{timeText(value.measuredAt)}</dd>
              </div>
            </dl>
            {value.history.some((point) => point.value != null) ? (
              <HistoryPlot
                title={value.title ?? wordsText(id)}
                points={value.history
                  .map((point) => ({ at: point.measuredAt, value: point.value ?? null }))
                  .sort((a, b) => (a.at < b.at ? -1 : 1))}
                target={value.target}
                baseline={value.baseline}
                format={(number) => unitText(number, value.unit)}
              />
            ) : (
              <Empty title="There is no history yet.">Each measurement adds a point.</Empty>
            )}
            <h2>How it is computed</h2>
            <p>{value.formula}</p>
            <dl class="facts">
              {Object.entries(value.terms).map(([name, term]) => (
                <div key={name}>
                  <dt>{termText(name)}</dt>
                  <dd>{countText(term)}</dd>
                </div>
              ))}
              {Object.keys(value.terms).length === 0 && <p class="quiet">There is nothing to compute it from yet.</p>}
            </dl>
            {may('kpis:write') && <TargetForm kpi={value} id={id} onSet={kpi.reload} />}
          </>
        )}
      </Shown>
    </>
  );
}

/** `activePeople` reads `Active people`. */
function termText(name: string): string {
  return wordsText(name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`));
}

function TargetForm({ kpi, id, onSet }: { readonly kpi: Kpi; readonly id: string; readonly onSet: () => void }) {
  const [target, setTarget] = useState(kpi.target == null ? '' : String(kpi.target));
  async function set(): Promise<void> {
    await api.put(`/v1/kpis/${encodeURIComponent(id)}/target`, { target: Number(target) });
    notify('done', `The target is ${unitText(Number(target), kpi.unit)}.`);
    onSet();
  }
  return (
    <form
      class="line-form"
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(set);
      }}
    >
      <label for="target">Target ({kpi.unit === '' ? absent : kpi.unit})</label>
      <input
        id="target"
        type="number"
        step="any"
        required
        value={target}
        onInput={(event) => setTarget(event.currentTarget.value)}
      />
      <button type="submit">Set target</button>
    </form>
  );
}
