import { bitsText, probabilityText, wordsText } from '../elements/number-text.ts';
import type { Explanation } from '../proposals/proposal.ts';

const rowHeight = 26;
const labelWidth = 300;
const width = 860;
const valueWidth = 70;

interface Bar {
  readonly label: string;
  readonly detail: string;
  readonly from: number;
  readonly to: number;
  readonly kind: 'total' | 'for' | 'against';
}

/** How the match weight comes about: from the prior, row by row, to the sum. One bit doubles the odds. */
export function Waterfall({ explanation }: { readonly explanation: Explanation }) {
  const bars = barsOf(explanation);
  const lowest = Math.min(0, ...bars.flatMap(({ from, to }) => [from, to]));
  const highest = Math.max(0, ...bars.flatMap(({ from, to }) => [from, to]));
  const scale = (width - labelWidth - valueWidth * 2) / Math.max(1, highest - lowest);
  const x = (bits: number): number => labelWidth + valueWidth + (bits - lowest) * scale;
  const height = bars.length * rowHeight + 8;
  const title = `Match weight ${bitsText(explanation.weight)} bits, probability ${probabilityText(explanation.probability)}`;
  return (
    <figure class="waterfall">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${title}. The same figures follow as a table.`}>
        <line class="axis" x1={x(0)} x2={x(0)} y1={0} y2={height} />
        {bars.map(({ label, detail, from, to, kind }, index) => {
          const y = index * rowHeight + 4;
          const end = Math.max(from, to);
          return (
            <g key={`${label} ${index}`}>
              <text class="label" x={0} y={y + 14}>
                {label}
                <tspan class="detail">{detail === '' ? '' : `  ${detail}`}</tspan>
              </text>
              {index > 0 && <line class="link" x1={x(from)} x2={x(from)} y1={y - rowHeight + 18} y2={y} />}
              <rect
                class={kind}
                x={x(Math.min(from, to))}
                y={y}
                width={Math.max(1.5, Math.abs(to - from) * scale)}
                height={18}
                rx={2}
              />
              <text class="value" x={x(end) + 6} y={y + 14}>
                {bitsText(kind === 'total' ? to : to - from)}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption>{title}</figcaption>
      <details>
        <summary>As a table</summary>
        <table>
          <caption class="hidden">{title}</caption>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">How they compare</th>
              <th scope="col">Left</th>
              <th scope="col">Right</th>
              <th scope="col" class="number">
                Weight <span class="unit">bits</span>
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">Prior</th>
              <td>Two records of which nothing is known</td>
              <td />
              <td />
              <td class="number">{bitsText(explanation.prior)}</td>
            </tr>
            {explanation.rows.map((row) => (
              <tr key={row.column + row.level}>
                <th scope="row">{wordsText(row.column)}</th>
                <td>{wordsText(row.level)}</td>
                <td>{row.left}</td>
                <td>{row.right}</td>
                <td class="number">{bitsText(row.weight + row.termFrequencyWeight)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

function barsOf({ prior, rows, weight }: Explanation): readonly Bar[] {
  const bars: Bar[] = [{ label: 'Prior', detail: '', from: 0, to: prior, kind: 'total' }];
  let sum = prior;
  for (const { column, level, weight: own, termFrequencyWeight } of rows) {
    const bits = own + termFrequencyWeight;
    // A row that says nothing either way would only be a gap.
    if (Math.abs(bits) < 0.05) continue;
    const detail = level.length > 34 ? `${level.slice(0, 33)}…` : level;
    bars.push({ label: wordsText(column), detail, from: sum, to: sum + bits, kind: bits < 0 ? 'against' : 'for' });
    sum += bits;
  }
  bars.push({ label: 'Match weight', detail: '', from: 0, to: weight, kind: 'total' });
  return bars;
}
