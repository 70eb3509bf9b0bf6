import { useRef, useState } from 'preact/hooks';
import { api } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { ChangePanel } from '../changes/change-panel.tsx';
import { type ChangeSet, findRequestedBy, takeStep } from '../changes/change-set.ts';
import { probabilityText, wordsText } from '../elements/number-text.ts';
import { Badge, Shown } from '../elements/states.tsx';
import { Waterfall } from '../plots/waterfall.tsx';
import { may } from '../session/session.ts';
import { attempt, notify } from '../shell/notices.tsx';
import { go, hrefOf } from '../shell/route.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { FieldChoice } from './field-choice.tsx';
import { type Choices, chosenFields, type ProposalDetail, proposedChoices, recordName, shortRef } from './proposal.ts';

type Verdict = 'same' | 'different' | 'unsure';
const verdicts: readonly { readonly verdict: Verdict; readonly key: string; readonly label: string }[] = [
  { verdict: 'same', key: 's', label: 'Same' },
  { verdict: 'different', key: 'd', label: 'Different' },
  { verdict: 'unsure', key: 'n', label: 'Not sure' },
];

/** One proposal: why the records are believed to be the same, what the survivor gets, and the way to merge and back. */
export function ProposalCompare({ id }: { readonly id: string }) {
  const proposal = useResource<ProposalDetail>(id, (signal) => api.get(`/v1/proposals/${id}`, { signal }), {
    topics: ['merge-proposed'],
  });
  const [planned, setPlanned] = useState<ChangeSet>();
  const current = useResource<ChangeSet | null>(
    `${id} ${planned?.id ?? ''}`,
    async (signal) =>
      planned === undefined
        ? ((await findRequestedBy(`proposal:${id}`, signal)) ?? null)
        : api.get<ChangeSet>(`/v1/change-sets/${planned.id}`, { signal }),
    { topics: ['change-set-changed'] },
  );
  useShortcuts('Duplicates', [{ keys: 'Escape', label: 'Back to the list', run: () => go('duplicates') }]);
  return (
    <>
      <div class="page-head">
        <h1>{proposal.value?.members[0] === undefined ? 'Proposal' : recordName(proposal.value.members[0].fields)}</h1>
        <a href={hrefOf('duplicates')}>
          All duplicates <kbd>Esc</kbd>
        </a>
      </div>
      <Shown resource={proposal} what="proposal" lines={12}>
        {(value) => (
          <Comparison
            proposal={value}
            set={current.value ?? planned}
            isSetKnown={planned !== undefined || current.value !== undefined || current.error !== undefined}
            onPlanned={(set) => {
              setPlanned(set);
              current.reload();
            }}
          />
        )}
      </Shown>
    </>
  );
}

/** While a change set stands here other values can be chosen. */
const choosable = ['draft', 'planned', 'failed', 'undone'];
/** A change set of these states takes other operations; in the place of another one a new one is made. */
const editable = ['draft', 'planned'];

function Comparison({
  proposal,
  set,
  isSetKnown,
  onPlanned,
}: {
  readonly proposal: ProposalDetail;
  /** The change set of this proposal, if there is one. */
  readonly set: ChangeSet | undefined;
  /** False until it was found out whether there is one. */
  readonly isSetKnown: boolean;
  readonly onPlanned: (set: ChangeSet) => void;
}) {
  const [choices, setChoices] = useState<Choices>(() => proposedChoices(proposal));
  const [isPlanned, setPlanned] = useState(false);
  const mergeSection = useRef<HTMLElement>(null);
  const isBegun = set !== undefined && (set.state !== 'draft' || set.task !== undefined || isPlanned);
  const isOpen = proposal.state === 'open';
  const isChoosable = isOpen && (set === undefined || choosable.includes(set.state)) && may('changes:write');
  const mayPlan = isSetKnown && isChoosable && !(isPlanned && set?.state === 'planned');

  /** Puts what was chosen into the change set of the proposal, or into a new one, and plans it. */
  async function plan(): Promise<void> {
    const operation = {
      kind: 'merge',
      master: proposal.master,
      losers: proposal.losers,
      fields: chosenFields(proposal, choices),
    };
    const chosen: ChangeSet =
      set !== undefined && editable.includes(set.state)
        ? await api.patch(`/v1/change-sets/${set.id}`, { operations: [operation] })
        : await api.post('/v1/change-sets', {
            title:
              `Merge ${proposal.losers.length + 1} records of ${recordName(proposal.members[0]?.fields ?? {})}`.slice(
                0,
                200,
              ),
            reason: `Proposal ${proposal.proposalId}`,
            operations: [operation],
          });
    const begun = await takeStep(chosen, 'plan');
    notify('done', 'Every record is read afresh; the plan follows.');
    setPlanned(true);
    onPlanned(begun);
    mergeSection.current?.scrollIntoView();
  }

  async function judge(verdict: Verdict): Promise<void> {
    for (const loser of proposal.losers) {
      await api.post('/v1/reviews', { left: proposal.master, right: loser, verdict });
    }
    notify('done', verdictDone[verdict]);
    if (verdict !== 'same') go('duplicates');
  }

  const mayJudge = may('reviews:write') && proposal.state !== 'withdrawn';
  useShortcuts('Verdict', [
    ...verdicts.map(({ verdict, key, label }) => ({
      keys: key,
      label: `${label}: say so of these records`,
      isEnabled: mayJudge,
      run: () => void attempt(() => judge(verdict)),
    })),
    { keys: 'p', label: 'Plan the merge', isEnabled: mayPlan, run: () => void attempt(plan) },
  ]);

  return (
    <>
      <div class="panel-head">
        <p>
          <Badge tone={isOpen ? 'warn' : 'quiet'}>{wordsText(proposal.state)}</Badge> {proposal.object} of{' '}
          {proposal.account}, probability {probabilityText(proposal.probability)}. {proposal.reason}
        </p>
        <div class="buttons" role="group" aria-label="Are these records the same?">
          {verdicts.map(({ verdict, key, label }) => (
            <button
              key={verdict}
              type="button"
              disabled={!mayJudge}
              aria-keyshortcuts={key}
              onClick={() => void attempt(() => judge(verdict))}
            >
              {label} <kbd>{key}</kbd>
            </button>
          ))}
        </div>
      </div>
      <FieldChoice
        proposal={proposal}
        choices={choices}
        isFixed={!isChoosable}
        onChoose={(field, place) => {
          setChoices({ ...choices, [field]: place });
          setPlanned(false);
        }}
      />
      <section aria-labelledby="why-title">
        <h2 id="why-title">Why they are believed to be the same</h2>
        {proposal.explanations.map((explanation) => (
          <div key={explanation.right}>
            <h3>
              {shortRef(explanation.left)} and {shortRef(explanation.right)}
            </h3>
            <Waterfall explanation={explanation} />
          </div>
        ))}
        {proposal.explanations.length === 0 && <p class="quiet">The records are gone, so nothing can be explained.</p>}
      </section>
      <section aria-labelledby="merge-title" class="below-top" ref={mergeSection}>
        <div class="panel-head">
          <h2 id="merge-title">Merge</h2>
          {mayPlan && (
            <button type="button" class="primary" aria-keyshortcuts="p" onClick={() => void attempt(plan)}>
              Plan the merge <kbd>p</kbd>
            </button>
          )}
        </div>
        {set !== undefined && isBegun ? (
          <ChangePanel id={set.id} words={{ apply: 'merge' }} without="plan" />
        ) : (
          <p class="quiet">
            {isSetKnown
              ? 'Planning writes nothing. It reads the records afresh and says what would happen.'
              : 'Looking for the change set…'}
          </p>
        )}
      </section>
    </>
  );
}

const verdictDone: Readonly<Record<Verdict, string>> = {
  same: 'Noted: the records are the same. It outweighs every model.',
  different: 'Noted: the records are different. They will not be proposed again.',
  unsure: 'Noted: not sure.',
};
