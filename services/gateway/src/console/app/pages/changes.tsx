import { useState } from 'preact/hooks';
import { api, type Page } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { ChangePanel } from '../changes/change-panel.tsx';
import { type ChangeSet, stateTones } from '../changes/change-set.ts';
import { SafetyPanel } from '../changes/safety-panel.tsx';
import { countText, timeText, wordsText } from '../elements/number-text.ts';
import { Badge, Empty, Shown } from '../elements/states.tsx';
import { Table } from '../elements/table.tsx';
import { go, hrefOf, type PageProps } from '../shell/route.ts';
import { useShortcuts } from '../shell/shortcuts.ts';

const filters = ['', 'draft', 'planned', 'approved', 'applied', 'partly-applied', 'failed', 'undone'];

export function ChangesPage({ id }: PageProps) {
  if (id === safetyId) return <SafetyView />;
  return id === undefined ? <ChangeList /> : <ChangeView id={id} />;
}

/** Stands where the id of a change set would. */
const safetyId = 'safety';

function SafetyView() {
  useShortcuts('Safety', [{ keys: 'Escape', label: 'Back to the changes', run: () => go('changes') }]);
  return (
    <>
      <div class="page-head">
        <h1>What may be written</h1>
        <a href={hrefOf('changes')}>
          All changes <kbd>Esc</kbd>
        </a>
      </div>
      <SafetyPanel />
    </>
  );
}

function ChangeList() {
  useShortcuts('Changes', [{ keys: 'w', label: 'What may be written', run: () => go('changes', safetyId) }]);
  const [state, setState] = useState('');
  const sets = useResource<Page<ChangeSet>>(
    `sets ${state}`,
    (signal) => api.list('/v1/change-sets', { query: { state, limit: 100 }, signal }),
    { topics: ['change-set-changed'] },
  );
  return (
    <>
      <div class="page-head">
        <h1>Changes</h1>
        <a href={hrefOf('changes', safetyId)}>
          What may be written <kbd>w</kbd>
        </a>
        <label>
          State{' '}
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            {filters.map((one) => (
              <option key={one} value={one}>
                {one === '' ? 'All' : wordsText(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Shown resource={sets} what="change sets">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No change set is in this state.">
              Merge proposals and fixes become change sets; nothing reaches a CRM without one.
            </Empty>
          ) : (
            <Table
              caption="Change sets, the newest first"
              rows={items}
              rowKey={(set) => set.id}
              href={(set) => hrefOf('changes', set.id)}
              takesFocus
              columns={[
                { title: 'Title', cell: (set) => set.title },
                {
                  title: 'State',
                  cell: (set) => <Badge tone={stateTones[set.state] ?? 'quiet'}>{wordsText(set.state)}</Badge>,
                },
                { title: 'Accounts', cell: (set) => set.accounts.join(', ') },
                { title: 'Operations', isNumber: true, cell: (set) => countText(set.operations) },
                { title: 'Asked for by', cell: (set) => set.requestedBy.replace(/^(\w+:.{0,24}).*/, '$1') },
                { title: 'Since', cell: (set) => timeText(set.stateAt) },
              ]}
            />
          )
        }
      </Shown>
    </>
  );
}

function ChangeView({ id }: { readonly id: string }) {
  const set = useResource<ChangeSet>(id, (signal) => api.get(`/v1/change-sets/${id}`, { signal }));
  useShortcuts('Change', [{ keys: 'Escape', label: 'Back to the list', run: () => go('changes') }]);
  return (
    <>
      <div class="page-head">
        <h1>{set.value?.title ?? 'Change set'}</h1>
        <a href={hrefOf('changes')}>
          All changes <kbd>Esc</kbd>
        </a>
      </div>
      <ChangePanel id={id} />
    </>
  );
}
