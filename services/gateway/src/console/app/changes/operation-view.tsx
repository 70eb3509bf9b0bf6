import { wordsText } from '../elements/number-text.ts';
import { Badge, type Tone } from '../elements/states.tsx';
import { valueText } from '../elements/value-text.ts';
import type { Operation } from './change-set.ts';

const tones: Readonly<Record<string, Tone>> = {
  applied: 'good',
  applying: 'busy',
  failed: 'bad',
  refused: 'bad',
  'undo-failed': 'bad',
};

/** What one operation does: each field before and after, the records that it touches, the links that move. */
export function OperationView({ operation, isAlone }: { readonly operation: Operation; readonly isAlone: boolean }) {
  const { kind, status, record, master, losers = [], from, to, survivor, links, kept, reason } = operation;
  const changes = changesOf(operation);
  const about = record ?? master ?? (from !== undefined ? `${from} – ${to ?? ''}` : '');
  return (
    <details class="operation" open={isAlone}>
      <summary>
        <Badge tone={tones[status] ?? 'quiet'}>{wordsText(status)}</Badge> {wordsText(kind)} <code>{about}</code>
        {losers.length > 0 && (
          <>
            {' '}
            ← <code>{losers.join(', ')}</code>
          </>
        )}
      </summary>
      {reason !== undefined && <p class="problem">{reason}</p>}
      {survivor !== undefined && (
        <p>
          The survivor is <code>{survivor}</code>.
        </p>
      )}
      {changes.length > 0 && (
        <div class="table-frame">
          <table>
            <caption class="hidden">Fields before and after</caption>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ field, before, after }) => (
                <tr key={field}>
                  <th scope="row">{field}</th>
                  <td class="before">{before === '' ? <i>blank</i> : before}</td>
                  <td class="after">{after === '' ? <i>blank</i> : after}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {links.length > 0 && (
        <details>
          <summary>{links.length === 1 ? 'One link moves' : `${links.length} links move`}</summary>
          <ul>
            {links.map(({ text }) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </details>
      )}
      {kept !== undefined && kept.length > 0 && <p>Left as others had changed it since: {kept.join(', ')}.</p>}
    </details>
  );
}

/** Fields of the record or survivor that differ after the operation. */
function changesOf({ before, after }: Operation) {
  const old = before[0]?.fields ?? {};
  const fresh = after[0]?.fields ?? {};
  const names = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].sort();
  return names
    .map((field) => ({ field, before: valueText(old[field]), after: valueText(fresh[field]) }))
    .filter((change) => change.before !== change.after);
}
