import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, listAll, type Page } from '../api/api.ts';
import { type LiveEvent, onLiveEvent } from '../api/live-events.ts';
import { useResource } from '../api/resource.ts';
import { absent, countText, scoreText, timeText, unitText, wordsText } from '../elements/number-text.ts';
import { Badge, Empty, Shown, Then, type Tone } from '../elements/states.tsx';
import { Tile } from '../elements/tile.tsx';
import type { Proposal } from '../proposals/proposal.ts';
import { hrefOf } from '../shell/route.ts';
import type { Score } from './data-quality.tsx';
import type { Finding } from './finding.ts';
import { type Kpi, toneOf } from './kpi.ts';

interface Connection {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
  readonly objects: readonly { readonly object: string; readonly recordsRead: number; readonly backfilled: boolean }[];
}

const statusTones: Readonly<Record<string, Tone>> = {
  connected: 'good',
  backfilling: 'busy',
  failing: 'bad',
  paused: 'quiet',
};

/** More are not counted: the tile says so. */
const mostCounted = 1_000;

export function OverviewPage() {
  return (
    <>
      <div class="page-head">
        <h1>Overview</h1>
      </div>
      <div class="columns">
        <Figures />
        <div>
          <Work />
          <Connections />
          <Happenings />
        </div>
      </div>
    </>
  );
}

function Figures() {
  const scores = useResource<Page<Score>>(
    'scores',
    (signal) => api.list('/v1/data-quality/scores', { query: { limit: 200 }, signal }),
    { topics: ['score-measured'] },
  );
  return (
    <div>
      <section aria-labelledby="scores-title">
        <h2 id="scores-title">Data quality</h2>
        <Shown resource={scores} what="scores" lines={4}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No object has been scored yet." />
            ) : (
              <div class="tiles">
                {items.map((score) => (
                  <Tile
                    key={`${score.account} ${score.object}`}
                    title={score.object}
                    href={hrefOf('quality', `${score.account}/${score.object}`)}
                    value={scoreText(score.score)}
                    note={`${score.account}, ${countText(score.openIssues)} open issues`}
                    tone={score.score === undefined ? 'quiet' : score.score >= 90 ? 'good' : 'warn'}
                  />
                ))}
              </div>
            )
          }
        </Shown>
      </section>
      <Then after={[scores]}>
        <Kpis />
      </Then>
    </div>
  );
}

function Kpis() {
  const kpis = useResource<Page<Kpi>>('kpis', (signal) => api.list('/v1/kpis', { signal }), {
    topics: ['kpi-measured'],
  });
  return (
    <section aria-labelledby="kpis-title">
      <h2 id="kpis-title">KPIs</h2>
      <Shown resource={kpis} what="KPIs" lines={4}>
        {({ items }) => {
          const ofTenant = items.filter(({ account }) => account === undefined || account === '');
          return ofTenant.length === 0 ? (
            <Empty title="Nothing has been measured yet." />
          ) : (
            <div class="tiles">
              {ofTenant.map((kpi) => (
                <Tile
                  key={kpi.kpi}
                  title={kpi.title ?? wordsText(kpi.kpi)}
                  href={hrefOf('kpis', kpi.kpi)}
                  value={unitText(kpi.value, kpi.unit)}
                  note={kpi.target == null ? 'No target' : `Target ${unitText(kpi.target, kpi.unit)}`}
                  tone={toneOf(kpi)}
                />
              ))}
            </div>
          );
        }}
      </Shown>
    </section>
  );
}

function Work() {
  const proposals = useResource<readonly Proposal[]>(
    'open',
    (signal) => listAll('/v1/proposals', { state: 'open' }, mostCounted, signal),
    { topics: ['merge-proposed', 'change-set-changed'] },
  );
  const findings = useResource<readonly Finding[]>(
    'open',
    (signal) => listAll('/v1/findings', { state: 'open' }, mostCounted, signal),
    { topics: ['finding-changed'] },
  );
  const planned = useResource<readonly unknown[]>(
    'planned',
    (signal) => listAll('/v1/change-sets', { state: 'planned' }, mostCounted, signal),
    { topics: ['change-set-changed'] },
  );
  const severe = findings.value?.filter(({ severity }) => severity === 'high').length ?? 0;
  return (
    <section aria-labelledby="work-title">
      <h2 id="work-title">Waiting for you</h2>
      <div class="tiles">
        <Tile
          title="Open proposals"
          href={hrefOf('duplicates')}
          value={manyText(proposals.value?.length)}
          note="Records that should become one"
        />
        <Tile
          title="Plans to approve"
          href={hrefOf('changes')}
          value={manyText(planned.value?.length)}
          note="Nothing is written before"
        />
        <Tile
          title="Open findings"
          href={hrefOf('integrations')}
          value={manyText(findings.value?.length)}
          note={findings.value === undefined ? '' : `${countText(severe)} of them high`}
          tone={severe > 0 ? 'bad' : 'quiet'}
        />
      </div>
    </section>
  );
}

function manyText(count: number | undefined): string {
  if (count === undefined) return absent;
  return count >= mostCounted ? `${countText(mostCounted)} or more` : countText(count);
}

function Connections() {
  const connections = useResource<Page<Connection>>(
    'connections',
    (signal) => api.list('/v1/connections', { query: { limit: 100 }, signal }),
    { topics: ['connection-changed', 'sync-run-finished', 'crm-probed'] },
  );
  return (
    <section aria-labelledby="connections-title">
      <h2 id="connections-title">Connections</h2>
      <Shown resource={connections} what="connections" lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No CRM is connected.">POST /v1/connections connects one.</Empty>
          ) : (
            <ul class="rows">
              {items.map((connection) => (
                <li key={connection.id}>
                  <span>
                    <strong>{connection.name}</strong> <span class="quiet">{connection.account}</span>
                    {connection.reason !== undefined && <span class="sub">{connection.reason}</span>}
                  </span>
                  <span>
                    {countText(connection.objects.reduce((sum, { recordsRead }) => sum + recordsRead, 0))} records{' '}
                    <Badge tone={statusTones[connection.status] ?? 'quiet'}>{wordsText(connection.status)}</Badge>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </section>
  );
}

const mostHappenings = 8;
/** Kept from page to page; gone with the tab. */
const happenings = signal<readonly LiveEvent[]>([]);

function Happenings() {
  useEffect(
    () =>
      onLiveEvent((event) => {
        if (event.topic === 'reset' || event.topic === 'reconnected' || event.topic === 'closed') return;
        happenings.value = [event, ...happenings.value].slice(0, mostHappenings);
      }),
    [],
  );
  return (
    <section aria-labelledby="now-title">
      <h2 id="now-title">Just now</h2>
      <ul class="happenings">
        {happenings.value.map((event) => (
          <li key={`${event.topic} ${event.subject} ${event.time}`}>
            <span>{happeningText(event)}</span> <time dateTime={event.time}>{timeText(event.time)}</time>
          </li>
        ))}
        {happenings.value.length === 0 && <li class="quiet">What happens from now on appears here.</li>}
      </ul>
    </section>
  );
}

function happeningText({ topic, data }: LiveEvent): string {
  const { title, state, status, account, object, record, kpi, task, outcome, kind } = data as Record<string, string>;
  if (topic === 'change-set-changed') return `${title}: ${wordsText(state ?? '')}`;
  if (topic === 'finding-changed') return `${title}: ${wordsText(state ?? '')}`;
  if (topic === 'record-changed') return `${record} was ${(kind ?? '').replaceAll('-', ' ')}`;
  const about = title ?? kpi ?? task ?? [account, object].filter(Boolean).join(' ');
  const end = status ?? outcome ?? state ?? '';
  return `${wordsText(topic)}${about ? `: ${about}` : ''}${end ? `, ${end.replaceAll('-', ' ')}` : ''}`;
}
