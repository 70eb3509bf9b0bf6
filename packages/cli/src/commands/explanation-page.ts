import {
  decisionThreshold,
  escapeXml,
  type MatchModel,
  mergeTreeSvg,
  waterfallSvg,
  weightOf,
} from '@kempt/entity-resolution';
import { ndjsonText } from '../tables/output-file.ts';
import { type ExplainedCluster, type ExplainedPair, explanationLines } from './resolve-explanations.ts';

const mostPairs = 100;
const mostClusters = 50;

/** The pairs nearest to the threshold and the largest clusters: of hundreds of thousands those that a person wants to see. */
class Shortlist<T> {
  readonly #most: number;
  readonly #rank: (item: T) => number;
  #items: { readonly item: T; readonly rank: number; readonly at: number }[] = [];
  #seen = 0;

  constructor(most: number, rank: (item: T) => number) {
    this.#most = most;
    this.#rank = rank;
  }

  offer(item: T): void {
    this.#items.push({ item, rank: this.#rank(item), at: this.#seen });
    this.#seen += 1;
    if (this.#items.length > this.#most * 4) this.#items = this.#best();
  }

  get items(): readonly T[] {
    return this.#best().map(({ item }) => item);
  }

  get seen(): number {
    return this.#seen;
  }

  #best() {
    return this.#items.toSorted((left, right) => left.rank - right.rank || left.at - right.at).slice(0, this.#most);
  }
}

/** Explanations for a file: pictures where its name ends with .html, else lines of JSON. */
export function explanationText(
  file: string,
  explanations: AsyncIterable<ExplainedPair | ExplainedCluster>,
  model: MatchModel,
): AsyncIterable<string> {
  return file.toLowerCase().endsWith('.html')
    ? explanationPage(explanations, model)
    : ndjsonText(explanationLines(explanations));
}

/**
 * Explanations as one HTML page of pictures that needs nothing else: the pairs nearest to the threshold, where people can tell most, and
 * the largest clusters.
 */
async function* explanationPage(
  explanations: AsyncIterable<ExplainedPair | ExplainedCluster>,
  model: MatchModel,
): AsyncGenerator<string> {
  const threshold = decisionThreshold(model);
  const bits = weightOf(threshold);
  const pairs = new Shortlist<ExplainedPair>(mostPairs, (pair) => Math.abs(pair.weight - bits));
  const clusters = new Shortlist<ExplainedCluster>(mostClusters, (cluster) => -cluster.members.length);
  for await (const each of explanations) {
    if (each.kind === 'pair') pairs.offer(each);
    else clusters.offer(each);
  }
  yield `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Why rows were joined or not</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; color: #1f2328; background: #fff }
article { margin: 0 0 2.5rem; border-top: 1px solid #d1d9e0; padding-top: 1rem }
svg { max-width: 100%; height: auto }
</style>
<h1>Why rows were joined or not</h1>
<p>Model ${escapeXml(model.version)}, threshold ${threshold.toFixed(4)}. ${pairs.seen.toLocaleString('en')} pairs are explained;
the ${pairs.items.length} nearest to the threshold are shown${clusters.seen === 0 ? '' : `, then the largest of ${clusters.seen.toLocaleString('en')} clusters of several rows`}.</p>
<h2>Pairs</h2>
`;
  for (const pair of pairs.items) {
    const [left, right] = [pair.left, pair.right].map(({ source, id }) => `${source} ${id}`) as [string, string];
    yield article(
      `${left} and ${right}: ${pair.joined ? 'joined' : 'not joined'}`,
      pair.summary,
      waterfallSvg(pair, { left, right, threshold }),
    );
  }
  if (clusters.seen > 0) yield '<h2>Clusters</h2>\n';
  for (const cluster of clusters.items) {
    const names = new Map(
      cluster.traced.ids.map((id, at) => [id, `${cluster.members[at]?.source} ${cluster.members[at]?.id}`]),
    );
    yield article(
      `Cluster ${cluster.clusterId}`,
      cluster.steps
        .map(({ summary }) => summary)
        .slice(0, 12)
        .join(' '),
      mergeTreeSvg(cluster.traced.ids, cluster.traced.steps, { nameOf: (id) => names.get(id) ?? id }),
    );
  }
  yield '</html>\n';
}

function article(title: string, text: string, picture: string): string {
  return `<article>\n<h3>${escapeXml(title)}</h3>\n<p>${escapeXml(text)}</p>\n${picture}</article>\n`;
}
