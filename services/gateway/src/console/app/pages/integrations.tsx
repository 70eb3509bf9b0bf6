import { useState } from 'preact/hooks';
import { api, type Page } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { absent, countText, timeText, wordsText } from '../elements/number-text.ts';
import { Badge, Empty, Shown, Then, type Tone } from '../elements/states.tsx';
import { Table } from '../elements/table.tsx';
import { may } from '../session/session.ts';
import { attempt, notify } from '../shell/notices.tsx';
import type { Finding } from './finding.ts';

interface Integration {
  readonly id: string;
  readonly kind: string;
  readonly account: string;
  readonly name: string;
  readonly status?: string;
  readonly lastUsedAt?: string;
  readonly calls?: number;
  readonly useCount?: number;
}

interface AccessUser {
  readonly account: string;
  readonly userId?: string;
  readonly id?: string;
  readonly name: string;
  readonly username?: string;
  readonly email?: string;
  readonly active?: boolean;
  readonly roles?: readonly string[];
  readonly powers?: readonly string[];
  readonly lastLoginAt?: string;
}

const findingTones: Readonly<Record<string, Tone>> = { high: 'bad', medium: 'warn', low: 'quiet' };

export function IntegrationsPage() {
  const findings = useResource<Page<Finding>>(
    'findings',
    (signal) => api.list('/v1/findings', { query: { state: 'open', limit: 100 }, signal }),
    { topics: ['finding-changed'] },
  );
  const integrations = useResource<Page<Integration>>(
    'integrations',
    (signal) => api.list('/v1/integrations', { query: { limit: 100 }, signal }),
    { topics: ['connection-changed', 'finding-changed'] },
  );
  const users = useResource<Page<AccessUser>>(
    'users',
    (signal) => api.list('/v1/access/users', { query: { limit: 100 }, signal }),
    { topics: ['finding-changed'] },
  );
  return (
    <>
      <div class="page-head">
        <h1>Integrations</h1>
      </div>
      <h2>Findings</h2>
      <Shown resource={findings} what="findings">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No finding is open.">
              Unused accounts, excess permissions and idle apps would be listed here, with evidence and remedy.
            </Empty>
          ) : (
            items.map((finding) => (
              <FindingView key={finding.findingId} finding={finding} onChanged={findings.reload} />
            ))
          )
        }
      </Shown>
      <Then after={[findings]}>
        <h2>Apps and integrations</h2>
        <Shown resource={integrations} what="integrations">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No app is known yet." />
            ) : (
              <Table
                caption="What touches the CRMs"
                rows={items}
                rowKey={(one) => `${one.account} ${one.id}`}
                columns={[
                  { title: 'Name', cell: (one) => one.name },
                  { title: 'Kind', cell: (one) => wordsText(one.kind) },
                  { title: 'Account', cell: (one) => one.account },
                  { title: 'State', cell: (one) => (one.status === undefined ? absent : wordsText(one.status)) },
                  { title: 'Calls', isNumber: true, cell: (one) => countText(one.calls ?? one.useCount) },
                  { title: 'Last used', cell: (one) => timeText(one.lastUsedAt) },
                ]}
              />
            )
          }
        </Shown>
      </Then>
      <Then after={[findings, integrations]}>
        <h2>Users</h2>
        <Shown resource={users} what="users">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No user is known yet." />
            ) : (
              <Table
                caption="Who can log in to the CRMs"
                rows={items}
                rowKey={(user) => `${user.account} ${user.userId ?? user.id ?? user.name}`}
                columns={[
                  { title: 'Name', cell: (user) => user.name },
                  { title: 'Account', cell: (user) => user.account },
                  { title: 'Active', cell: (user) => (user.active === false ? 'No' : 'Yes') },
                  { title: 'Roles', cell: (user) => (user.roles ?? []).join(', ') || absent },
                  { title: 'Powers', cell: (user) => (user.powers ?? []).map(wordsText).join(', ') || absent },
                  { title: 'Last login', cell: (user) => timeText(user.lastLoginAt) },
                ]}
              />
            )
          }
        </Shown>
      </Then>
    </>
  );
}

function FindingView({ finding, onChanged }: { readonly finding: Finding; readonly onChanged: () => void }) {
  const [note, setNote] = useState('');
  const noteId = `note-${finding.findingId}`;
  async function accept(): Promise<void> {
    await api.post(`/v1/findings/${encodeURIComponent(finding.findingId)}/accept`, { note });
    notify('done', 'The risk is accepted, and your note is in the evidence.');
    onChanged();
  }
  return (
    <details class="finding">
      <summary>
        <Badge tone={findingTones[finding.severity] ?? 'quiet'}>{wordsText(finding.severity)}</Badge> {finding.title}{' '}
        <span class="quiet">{finding.account}</span>
      </summary>
      <h3>Evidence</h3>
      <dl class="facts">
        {Object.entries(finding.evidence).map(([name, fact]) => (
          <div key={name}>
            <dt>{wordsText(name)}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
      <h3>Remedy</h3>
      <p>{finding.remedy}</p>
      {may('audit:write') && (
        <form
          class="line-form"
          onSubmit={(event) => {
            event.preventDefault();
            void attempt(accept);
          }}
        >
          <label for={noteId}>Why the risk is acceptable</label>
          <input id={noteId} required value={note} onInput={(event) => setNote(event.currentTarget.value)} />
          <button type="submit">Accept the risk</button>
        </form>
      )}
    </details>
  );
}
