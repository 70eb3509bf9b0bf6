import { waterfallSvg } from '@kempt/entity-resolution';
import { type Command, Option } from 'commander';
import { segment } from '../api-client.ts';
import { type CommandContext, type ListOptions, readList } from '../command-context.ts';
import { noteNextPage, wholeNumber, withListOptions } from '../list-options.ts';
import { printable } from '../output.ts';
import { fields, table } from '../output-table.ts';
import { openOutputFile } from '../tables/output-file.ts';

interface ClusterSummary {
  readonly goldenId: string;
  readonly entityKind: string;
  readonly version: number;
  readonly memberCount: number;
  readonly members: readonly string[];
}

interface Cluster {
  readonly goldenId: string;
  readonly entityKind: string;
  readonly version: number;
  readonly members: readonly {
    readonly record: string;
    readonly probability: number;
    readonly fields: Readonly<Record<string, string | readonly string[]>>;
  }[];
}

interface Explanation {
  readonly goldenId: string;
  readonly modelVersion: string;
  readonly threshold: number;
  readonly pairs: readonly {
    readonly left: string;
    readonly right: string;
    readonly weight: number;
    readonly probability: number;
    readonly conflict: boolean;
    /** The same in a few sentences. */
    readonly summary: string;
    readonly prior: number;
    readonly rows: readonly {
      readonly column: string;
      readonly level: string;
      readonly left: string | null;
      readonly right: string | null;
      readonly weight: number;
      readonly termFrequencyWeight: number;
    }[];
  }[];
  /** How the cluster was built, in order. */
  readonly merges: readonly { readonly summary: string }[];
}

type Pair = Explanation['pairs'][number];

/** `kempt clusters`: records that are one person or organisation, and why. */
export function addClustersCommands(program: Command, context: CommandContext): void {
  const clusters = program.command('clusters').description('records that are one person or organisation');

  withListOptions(clusters.command('list').description('list clusters'))
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(['person', 'organisation']))
    .addOption(
      new Option('--min-size <records>', 'only with at least so many records; 2 shows duplicates')
        .default(2)
        .argParser(wholeNumber(1, 1_000_000)),
    )
    .action(async (options: ListOptions & { readonly kind?: string; readonly minSize: number }) => {
      const query = { entityKind: options.kind, minSize: options.minSize };
      const page = await readList<ClusterSummary>(await context.api(), { path: '/v1/clusters', query }, options);
      const output = context.output();
      output.show(page, () =>
        table(
          ['golden id', 'kind', 'records', 'members'],
          page.items.map((cluster) => [
            cluster.goldenId,
            cluster.entityKind,
            cluster.memberCount,
            cluster.members.slice(0, 4).join(', ') + (cluster.members.length > 4 ? ', …' : ''),
          ]),
          'No clusters.',
        ),
      );
      noteNextPage(output, page);
    });

  clusters
    .command('show <goldenId>')
    .description('show the records of a cluster')
    .action(async (goldenId: string) => {
      const cluster = await (await context.api()).get<Cluster>(`/v1/clusters/${segment(goldenId)}`);
      context.output().show(cluster, () => describe(cluster));
    });

  clusters
    .command('explain <goldenId>')
    .description('show how a cluster was built and, pair by pair, the evidence that adds up to the match weight')
    .option(
      '--with <record>',
      'explain only the pairs with this record, also one outside: why it is not in the cluster',
    )
    .option('--svg <file>', 'write the waterfall of the pair that agrees most as a picture')
    .action(async (goldenId: string, flags: { readonly with?: string; readonly svg?: string }) => {
      const output = flags.svg === undefined ? undefined : await openOutputFile(flags.svg);
      try {
        const path = `/v1/clusters/${segment(goldenId)}/explanation`;
        const explanation = await (await context.api()).get<Explanation>(path, { with: flags.with });
        const best = explanation.pairs.toSorted((left, right) => right.weight - left.weight)[0];
        if (output !== undefined && best !== undefined) {
          const { left, right } = best;
          await output.write([waterfallSvg(best, { left, right, threshold: explanation.threshold })], context.signal);
          await output.commit();
        }
        context.output().show(explanation, () => explain(explanation));
      } finally {
        await output?.discard();
      }
    });
}

function describe(cluster: Cluster): string {
  const head = fields([
    ['Golden ID', cluster.goldenId],
    ['Kind', cluster.entityKind],
    ['Version', cluster.version],
    ['Records', cluster.members.length],
  ]);
  const columns = [...new Set(cluster.members.flatMap((member) => Object.keys(member.fields)))].toSorted();
  const rows = cluster.members.map((member) => [
    member.record,
    member.probability.toFixed(3),
    ...columns.map((column) => {
      const value = member.fields[column];
      return Array.isArray(value) ? value.join(', ') : (value as string | undefined);
    }),
  ]);
  return `${head}\n\n${table(['record', 'probability', ...columns], rows, 'It has no records.')}`;
}

function explain(explanation: Explanation): string {
  const head = fields([
    ['Golden ID', explanation.goldenId],
    ['Model', explanation.modelVersion],
    ['Threshold', explanation.threshold.toFixed(3)],
  ]);
  if (explanation.pairs.length === 0) return `${head}\n\nIts one record matches no other.`;
  const built = explanation.merges.map(({ summary }) => printable(summary)).join('\n');
  return [head, ...(built === '' ? [] : [built]), ...explanation.pairs.map(pairText)].join('\n\n');
}

/** Prior and evidence, line by line, with the sum as the last line. */
function pairText(pair: Pair): string {
  const rows = pair.rows.map((row) => [
    row.column,
    row.level,
    row.left,
    row.right,
    signed(row.weight + row.termFrequencyWeight),
  ]);
  const lines = table(
    ['column', 'level', 'left', 'right', 'weight'],
    [
      ['prior', '', '', '', signed(pair.prior)],
      ...rows,
      ['sum', `probability ${pair.probability.toFixed(4)}`, '', '', signed(pair.weight)],
    ],
    '',
  );
  return `${printable(pair.left)}  and  ${printable(pair.right)}\n${printable(pair.summary)}\n${lines}`;
}

function signed(weight: number): string {
  return `${weight < 0 ? '' : '+'}${weight.toFixed(2)}`;
}
