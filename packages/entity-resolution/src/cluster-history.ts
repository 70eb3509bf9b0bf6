import type { ClusterStep } from './clustering.ts';
import { shorten } from './svg.ts';
import { signed } from './waterfall.ts';

/**
 * What made a cluster, out of the steps of a clustering: its merges in order, and the merges with records outside that were refused (each
 * pair of clusters once, where an edge suggested it). `members` are the ids of the finished cluster.
 */
export function historyOf(
  members: readonly string[],
  steps: readonly ClusterStep[],
): { readonly merges: ClusterStep[]; readonly refusals: ClusterStep[] } {
  const own = new Set(members);
  const touches = ({ left, right }: ClusterStep): boolean =>
    left.some((id) => own.has(id)) || right.some((id) => own.has(id));
  const merges: ClusterStep[] = [];
  const refusals = new Map<string, ClusterStep>();
  for (const step of steps) {
    if (!touches(step)) continue;
    if (step.joined) merges.push(step);
    else if (step.left.every((id) => own.has(id)) !== step.right.every((id) => own.has(id)))
      keepRefusal(refusals, step);
  }
  return { merges, refusals: [...refusals.values()] };
}

/** Of two clusters as they were in the end the refusal that their strongest edge met. */
function keepRefusal(refusals: Map<string, ClusterStep>, step: ClusterStep): void {
  const key = `${step.left[0]}\n${step.right[0]}`;
  const known = refusals.get(key);
  if (known?.left.length !== step.left.length || known.right.length !== step.right.length) refusals.set(key, step);
}

/** A step as a sentence for people. `nameOf` says how a record is called; its id by default. */
export function sentenceOf(step: ClusterStep, nameOf: (id: string) => string = (id) => id): string {
  const [left, right] = [groupName(step.left, nameOf), groupName(step.right, nameOf)];
  const mean = step.meanWeight === null ? '' : signed(step.meanWeight);
  const needed = step.neededWeight === null ? '' : signed(step.neededWeight);
  switch (step.reason) {
    case 'must-link':
      return `${left} and ${right} were joined, because somebody said that they are one.`;
    case 'agreement':
      return `${left} and ${right} were joined: their pairs weigh ${mean} bits on average, and ${needed} were needed.`;
    case 'too little agreement':
      return `${left} and ${right} stayed apart: ${pairName(step, nameOf)} agree, but all pairs across weigh ${mean} bits on average, and ${needed} were needed.`;
    case 'cannot-link':
      return `${left} and ${right} stayed apart, because somebody said that records of them are not one.`;
    case 'conflict':
      return `${left} and ${right} stayed apart: records of them contradict each other in what cannot differ.`;
    case 'one per source':
      return `${left} and ${right} stayed apart, because they would put two records of a source without duplicates together.`;
  }
}

function groupName(ids: readonly string[], nameOf: (id: string) => string): string {
  const shown = ids.slice(0, 4).map((id) => shorten(nameOf(id), 60));
  if (ids.length > shown.length) shown.push(`${ids.length - shown.length} more`);
  return shown.length === 1 ? (shown[0] as string) : `{${shown.join(', ')}}`;
}

function pairName({ edge }: ClusterStep, nameOf: (id: string) => string): string {
  return edge === null ? 'two records' : `${shorten(nameOf(edge.a), 60)} and ${shorten(nameOf(edge.b), 60)}`;
}
