import { historyOf, sentenceOf } from './cluster-history.ts';
import type { ClusterStep } from './clustering.ts';
import { ink, shorten, svgLine, svgPicture, svgRect, svgText } from './svg.ts';
import { signed } from './waterfall.ts';

export interface MergeTreeOptions {
  /** How a record is called; its id by default. */
  readonly nameOf?: (id: string) => string;
}

const labelWidth = 250;
const stepWidth = 96;
const rowHeight = 28;
const top = 74;
const mostMembers = 40;

interface Branch {
  readonly y: number;
  readonly x: number;
}

/**
 * Draws how a cluster was built: its records on the left, each merge one step further to the right with the mean weight that joined the two
 * sides. Refused merges with records outside stand below as sentences. An SVG document. Of clusters of more than 40 records, whose picture
 * nobody could read, only the sentences of the last merges are shown.
 */
export function mergeTreeSvg(
  members: readonly string[],
  steps: readonly ClusterStep[],
  { nameOf = (id) => id }: MergeTreeOptions = {},
): string {
  const { merges, refusals } = historyOf(members, steps);
  const order = members.length > mostMembers ? [] : leafOrder(members, merges);
  const drawn = order.length === 0 ? [] : merges;
  const notes = [...(order.length === 0 ? merges.slice(-mostMembers) : []), ...refusals.slice(0, 8)].map((step) =>
    sentenceOf(step, nameOf),
  );
  const treeBottom = top + order.length * rowHeight;
  const width = Math.max(900, labelWidth + (drawn.length + 1) * stepWidth + 40);
  const height = treeBottom + 16 + notes.length * 20;

  const branches = new Map<string, Branch>();
  const parts: string[] = [];
  order.forEach((id, index) => {
    const y = top + index * rowHeight + rowHeight / 2;
    branches.set(id, { x: labelWidth, y });
    parts.push(svgText(labelWidth - 10, y + 4, shorten(nameOf(id), 34), { anchor: 'end' }));
  });
  drawn.forEach((step, index) => {
    const x = labelWidth + (index + 1) * stepWidth;
    const left = branches.get(step.left[0] as string) as Branch;
    const right = branches.get(step.right[0] as string) as Branch;
    const y = (left.y + right.y) / 2;
    const line = { stroke: ink.for, width: 2 };
    parts.push(
      svgLine([left.x, left.y], [x, left.y], line),
      svgLine([right.x, right.y], [x, right.y], line),
      svgLine([x, left.y], [x, right.y], line),
      svgRect(x - 3, y - 3, { width: 6, height: 6 }, ink.for),
      svgText(x + 6, y - 5, step.meanWeight === null ? 'must-link' : signed(step.meanWeight), { size: 11 }),
    );
    branches.set(step.left[0] as string, { x, y });
  });
  notes.forEach((note, index) => {
    parts.push(svgText(20, treeBottom + 16 + index * 20, shorten(note, 150), { size: 12, fill: ink.faint }));
  });

  const count = members.length === 1 ? '1 record' : `${members.length} records`;
  const told = [...merges, ...refusals].map((step) => sentenceOf(step, nameOf));
  return svgPicture(
    { width, height },
    {
      title: `How a cluster of ${count} was built`,
      description: told.length === 0 ? 'It is one record alone.' : told.slice(0, 2 * mostMembers).join(' '),
    },
    [
      svgText(20, 32, `How this cluster of ${count} was built`, { size: 17, bold: true }),
      svgText(20, 54, 'Each merge shows the mean match weight over all pairs across, in bits', { fill: ink.faint }),
      ...parts,
    ],
  );
}

/** Records in an order in which both sides of every merge stand together, so that no two lines of the tree cross. */
function leafOrder(members: readonly string[], merges: readonly ClusterStep[]): string[] {
  const groups = new Map<string, string[]>(members.map((id) => [id, [id]]));
  for (const step of merges) {
    const left = groups.get(step.left[0] as string) ?? [];
    const right = groups.get(step.right[0] as string) ?? [];
    groups.delete(step.right[0] as string);
    groups.set(step.left[0] as string, [...left, ...right]);
  }
  return [...groups.values()].flat();
}
