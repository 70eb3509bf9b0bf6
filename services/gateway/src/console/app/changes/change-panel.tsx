import { api, listAll } from '../api/api.ts';
import { useResource } from '../api/resource.ts';
import { countText, timeText, wordsText } from '../elements/number-text.ts';
import { Badge, Shown } from '../elements/states.tsx';
import { may } from '../session/session.ts';
import { attempt, notify } from '../shell/notices.tsx';
import { hrefOf } from '../shell/route.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { type ChangeSet, isBusy, type Operation, type Step, stateTones, steps, takeStep } from './change-set.ts';
import { OperationView } from './operation-view.tsx';

const mostOperations = 200;

/** One change set with everything that its plan says, and the steps that it can take. */
export function ChangePanel({
  id,
  words = {},
  without,
}: {
  readonly id: string;
  /** A step that is taken elsewhere on the page. */
  readonly without?: Step;
  /** What steps are called here: `apply` may be `merge`. */
  readonly words?: Partial<Record<Step, string>>;
}) {
  const set = useResource<ChangeSet>(id, (signal) => api.get(`/v1/change-sets/${id}`, { signal }), {
    topics: ['change-set-changed'],
  });
  const busy = set.value !== undefined && isBusy(set.value);
  useResource(busy ? id : undefined, async () => set.reload(), { pollMs: busy ? 700 : undefined });
  const stateOf = set.value === undefined ? undefined : `${id} ${set.value.state} ${set.value.stateAt} ${busy}`;
  const operations = useResource<readonly Operation[]>(stateOf, (signal) =>
    listAll(`/v1/change-sets/${id}/operations`, {}, mostOperations, signal),
  );

  async function take(step: Step, begun: string): Promise<void> {
    if (set.value === undefined) return;
    await takeStep(set.value, step);
    notify('done', begun);
    set.reload();
  }

  const offered = steps.filter(({ step }) => step !== without);
  const open = offered.map((entry) => ({
    ...entry,
    label: wordsText(words[entry.step] ?? entry.step),
    isOpen: set.value !== undefined && !busy && entry.from.includes(set.value.state) && may(entry.scope),
  }));
  useShortcuts(
    'Change set',
    open.map(({ step, key, label, isOpen, begun }) => ({
      keys: key,
      label,
      isEnabled: isOpen,
      run: () => void attempt(() => take(step, begun)),
    })),
  );
  const next = open.find(({ isOpen, step }) => isOpen && step === nextStep[set.value?.state ?? '']);

  return (
    <Shown resource={set} what="change set" lines={4}>
      {(value) => (
        <section class="change-panel" aria-label={`Change set ${value.title}`}>
          <div class="panel-head">
            <p>
              <Badge tone={busy ? 'busy' : (stateTones[value.state] ?? 'quiet')}>
                {value.task === 'plan' ? 'Planning' : wordsText(value.state)}
              </Badge>{' '}
              <span data-state={busy ? 'busy' : value.state}>since {timeText(value.stateAt)}</span>, asked for by{' '}
              {value.requestedBy}
              {busy && progressText(value)}
              {value.approvedBy !== undefined && `, approved by ${value.approvedBy}`}
            </p>
            <div class="buttons">
              {open
                .filter(({ isOpen }) => isOpen)
                .map(({ step, key, label, begun }) => (
                  <button
                    key={step}
                    type="button"
                    class={step === next?.step ? 'primary' : undefined}
                    aria-keyshortcuts={key}
                    onClick={() => void attempt(() => take(step, begun))}
                  >
                    {label} <kbd>{key}</kbd>
                  </button>
                ))}
            </div>
          </div>
          {value.reason !== undefined && value.reason !== '' && <p class="problem">{value.reason}</p>}
          {value.blocks?.map((block) => (
            <p key={block.code + block.detail} class="problem">
              Nothing can be written: {block.detail} <a href={hrefOf('changes', 'safety')}>Safety switches</a>
            </p>
          ))}
          <Shown resource={operations} what="operations" lines={3}>
            {(list) => (
              <>
                <PlanSummary set={value} operations={list} />
                {list.map((operation) => (
                  <OperationView key={operation.index} operation={operation} isAlone={list.length === 1} />
                ))}
                {value.operations > list.length && (
                  <p class="quiet">
                    {countText(value.operations - list.length)} more operations are not shown; GET /v1/change-sets/
                    {value.id}/operations lists them.
                  </p>
                )}
              </>
            )}
          </Shown>
        </section>
      )}
    </Shown>
  );
}

/** How far an apply or undo of many operations has come. */
function progressText({ task, operations, progress = {} }: ChangeSet): string {
  if (operations < 2 || task === 'plan') return '';
  const done = progress[task === 'undo' ? 'undone' : 'applied'] ?? 0;
  return `, ${countText(done)} of ${countText(operations)} done`;
}

/** What people usually do next. */
const nextStep: Readonly<Record<string, Step>> = {
  draft: 'plan',
  planned: 'approve',
  approved: 'apply',
  applied: 'undo',
  failed: 'plan',
};

function PlanSummary({ set, operations }: { readonly set: ChangeSet; readonly operations: readonly Operation[] }) {
  const planned = operations.filter(({ undo }) => undo !== undefined);
  if (planned.length === 0) {
    return <p class="quiet">There is no plan yet. Planning reads every touched record afresh and writes nothing.</p>;
  }
  const calls = planned.reduce((sum, operation) => sum + operation.calls, 0);
  const links = planned.reduce((sum, operation) => sum + operation.links.length, 0);
  const risks = [...new Set(planned.flatMap((operation) => operation.risks))];
  const losses = [...new Set(planned.flatMap((operation) => operation.undo?.losses ?? []))];
  const grades = [...new Set(planned.map(({ undo }) => undo?.grade ?? ''))];
  return (
    <dl class="facts">
      <div>
        <dt>Operations</dt>
        <dd>{countText(set.operations)}</dd>
      </div>
      <div>
        <dt>Calls to the CRM</dt>
        <dd>{countText(calls)}</dd>
      </div>
      <div>
        <dt>Links that move</dt>
        <dd>{countText(links)}</dd>
      </div>
      <div>
        <dt>Way back</dt>
        <dd>{grades.map(wordsText).join(', ')}</dd>
      </div>
      {risks.length > 0 && (
        <div class="wide">
          <dt>Risks</dt>
          <dd>
            <ul>
              {risks.map((risk) => (
                <li key={risk}>{risk}</li>
              ))}
            </ul>
          </dd>
        </div>
      )}
      {losses.length > 0 && (
        <div class="wide">
          <dt>What an undo does not bring back</dt>
          <dd>
            <ul>
              {losses.map((loss) => (
                <li key={loss}>{loss}</li>
              ))}
            </ul>
          </dd>
        </div>
      )}
    </dl>
  );
}
