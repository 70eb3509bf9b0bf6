import { useState } from 'preact/hooks';
import { timeText } from '../elements/number-text.ts';
import { valueText } from '../elements/value-text.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { type Choices, type FieldRow, type ProposalDetail, recordName, shortRef } from './proposal.ts';

/** The records side by side; for each field that differs, whose value the survivor gets. */
export function FieldChoice({
  proposal,
  choices,
  isFixed,
  onChoose,
}: {
  readonly proposal: ProposalDetail;
  readonly choices: Choices;
  /** The change set is on its way: nothing can be chosen any more. */
  readonly isFixed: boolean;
  readonly onChoose: (field: string, place: number) => void;
}) {
  const [showsAll, showAll] = useState(false);
  useShortcuts('Compare', [
    { keys: 'a', label: showsAll ? 'Show only what differs' : 'Show all fields', run: () => showAll(!showsAll) },
  ]);
  const rows = showsAll ? proposal.fields : proposal.fields.filter(isOfInterest);
  return (
    <section aria-labelledby="compare-title">
      <div class="panel-head">
        <h2 id="compare-title">Side by side</h2>
        <button type="button" aria-pressed={showsAll} aria-keyshortcuts="a" onClick={() => showAll(!showsAll)}>
          All fields <kbd>a</kbd>
        </button>
      </div>
      <div class="table-frame">
        <table class="compare">
          <caption>
            {showsAll ? 'All fields' : 'Fields that differ'}; the survivor gets the chosen value of each
          </caption>
          <thead>
            <tr>
              <th scope="col">Field</th>
              {proposal.members.map((member) => (
                <th key={member.record} scope="col">
                  {recordName(member.fields)}
                  <span class="sub">
                    {member.role === 'master' ? 'Survivor' : 'Merged into it'} · {shortRef(member.record)}
                  </span>
                  <span class="sub">Changed {timeText(member.modifiedAt)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <FieldLine
                key={row.field}
                row={row}
                chosen={choices[row.field] ?? 0}
                isFixed={isFixed || !isOfInterest(row)}
                onChoose={(place) => onChoose(row.field, place)}
                names={proposal.members.map((member) => shortRef(member.record))}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What a CRM writes itself: nobody can choose it, and hardly anybody wants to compare it. */
const writtenByCrm =
  /^(Id|IsDeleted|(Created|LastModified)(Date|ById)|SystemModstamp|MasterRecordId|Last(Activity|Viewed|Referenced)Date|(hs_)?createdate|(hs_)?lastmodifieddate|hs_object_(id|source\w*)|num_\w+)$/;

function isOfInterest({ field, differs, values }: FieldRow): boolean {
  if (writtenByCrm.test(field)) return false;
  return (
    differs || (values.some((value) => valueText(value) === '') && values.some((value) => valueText(value) !== ''))
  );
}

function FieldLine({
  row,
  chosen,
  isFixed,
  names,
  onChoose,
}: {
  readonly row: FieldRow;
  readonly chosen: number;
  readonly isFixed: boolean;
  readonly names: readonly string[];
  readonly onChoose: (place: number) => void;
}) {
  return (
    <tr class={row.differs ? 'differs' : undefined}>
      <th scope="row">
        {row.field}
        {row.policy !== 'master' && <span class="sub">{row.policy}</span>}
      </th>
      {row.values.map((value, place) => {
        const text = valueText(value);
        return (
          <td key={names[place]} class={place === chosen ? 'chosen' : undefined}>
            {isFixed ? (
              text === '' ? (
                <i>blank</i>
              ) : (
                text
              )
            ) : (
              <label>
                <input
                  type="radio"
                  name={`field-${row.field}`}
                  checked={place === chosen}
                  onChange={() => onChoose(place)}
                  aria-label={`${row.field}: ${text === '' ? 'blank' : text}, from ${names[place] ?? ''}`}
                />{' '}
                {text === '' ? <i>blank</i> : text}
              </label>
            )}
          </td>
        );
      })}
    </tr>
  );
}
