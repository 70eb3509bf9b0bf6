import { useState } from 'preact/hooks';
import { api, type Page } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { probabilityText, wordsText } from '../elements/number-text.ts';
import { Empty, Shown } from '../elements/states.tsx';
import { Table } from '../elements/table.tsx';
import { hrefOf } from '../shell/route.ts';
import { type Proposal, type ProposalDetail, recordName, shortRef } from './proposal.ts';

const states = ['open', 'held', 'withdrawn'] as const;
const pageSize = 25;
const namesAtOnce = 6;
/** Names by proposal and version: a list that is read again keeps what it knows. */
const knownNames = new Map<string, string>();

interface NamedPage extends Page<Proposal> {
  readonly names: ReadonlyMap<string, string>;
}

/** The proposals with the names of their records, which only the single proposal tells. */
async function loadPage(query: { state: string; cursor: string | undefined }, signal: AbortSignal): Promise<NamedPage> {
  const page: Page<Proposal> = await api.list('/v1/proposals', { query: { ...query, limit: pageSize }, signal });
  const keyOf = ({ proposalId, version }: Proposal): string => `${proposalId} ${version}`;
  const waiting = page.items.filter((proposal) => !knownNames.has(keyOf(proposal)));
  const work = waiting.values();
  await Promise.all(
    Array.from({ length: namesAtOnce }, async () => {
      for (const proposal of work) {
        const detail = await api
          .get<ProposalDetail>(`/v1/proposals/${proposal.proposalId}`, { signal })
          .catch(() => undefined);
        const [master] = detail?.members ?? [];
        if (master !== undefined) knownNames.set(keyOf(proposal), recordName(master.fields));
      }
    }),
  );
  return { ...page, names: new Map(page.items.map((one) => [one.proposalId, knownNames.get(keyOf(one)) ?? ''])) };
}

export function ProposalList() {
  const [state, setState] = useState<string>('open');
  const [cursors, setCursors] = useState<readonly (string | undefined)[]>([undefined]);
  const cursor = cursors.at(-1);
  const proposals = useResource<NamedPage>(
    `${state} ${cursor ?? ''}`,
    (signal) => loadPage({ state, cursor }, signal),
    { topics: ['merge-proposed', 'match-decided'] },
  );
  return (
    <>
      <div class="page-head">
        <h1>Duplicates</h1>
        <label>
          State{' '}
          <select
            value={state}
            onChange={(event) => {
              setCursors([undefined]);
              setState(event.currentTarget.value);
            }}
          >
            {states.map((one) => (
              <option key={one} value={one}>
                {wordsText(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Shown resource={proposals} what="proposals" lines={10}>
        {({ items, names, nextCursor }) =>
          items.length === 0 ? (
            <Empty title={state === 'open' ? 'No records wait to be merged.' : `No proposal is ${state}.`}>
              Proposals appear when records of one object are found to be the same person or organisation.
            </Empty>
          ) : (
            <>
              <Table
                caption="Records that should become one"
                rows={items}
                rowKey={(proposal) => proposal.proposalId}
                href={(proposal) => hrefOf('duplicates', proposal.proposalId)}
                takesFocus
                columns={[
                  {
                    title: 'Record',
                    cell: (proposal) => names.get(proposal.proposalId) || shortRef(proposal.master),
                  },
                  { title: 'Object', cell: (proposal) => proposal.object },
                  { title: 'Account', cell: (proposal) => proposal.account },
                  { title: 'Records', isNumber: true, cell: (proposal) => proposal.losers.length + 1 },
                  { title: 'Probability', isNumber: true, cell: (proposal) => probabilityText(proposal.probability) },
                  state === 'held'
                    ? { title: 'Held back by', cell: (proposal) => wordsText(proposal.guard ?? '') }
                    : { title: 'Fields taken over', isNumber: true, cell: (proposal) => proposal.choices.length },
                ]}
              />
              <div class="buttons">
                <button type="button" disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
                  Previous
                </button>
                <button
                  type="button"
                  disabled={nextCursor === undefined}
                  onClick={() => setCursors([...cursors, nextCursor])}
                >
                  Next
                </button>
              </div>
            </>
          )
        }
      </Shown>
    </>
  );
}
