import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { table } from '../output-table.ts';
import { type Evaluated, readEvaluated } from './evaluate-files.ts';
import { bCubedScores, clusterPairScores, entitiesOf, pairwiseScores, type Scores } from './evaluate-scores.ts';

interface Evaluation {
  /** Records that take part. */
  readonly records: number;
  /** Records of the truth that no cluster holds: they count as left alone. */
  readonly notClustered: number;
  /** Clustered records of which the truth says nothing: they are left out. */
  readonly notJudged: number;
  readonly pairwise: Scores;
  readonly clusterPair: Scores;
  readonly bCubed: Scores;
}

/** `kempt evaluate`: clusters held against the truth. Needs no server. */
export function addEvaluateCommand(program: Command, context: CommandContext): void {
  program
    .command('evaluate <clusters> <truth>')
    .description('hold clusters against the truth: pairwise, cluster-pair and B-cubed precision, recall and F1')
    .addHelpText(
      'after',
      '\nClusters have the columns id and cluster_id, and source where ids repeat across sources. The truth has the same columns, or is a list\nof true pairs with left_id and right_id (and left_source, right_source).',
    )
    .action(async (clustersFile: string, truthFile: string) => {
      const output = context.output();
      const result = evaluate(await readEvaluated(clustersFile, truthFile, context.signal));
      output.show(result, () =>
        table(
          ['score', 'precision', 'recall', 'F1'],
          (
            [
              ['pairwise', result.pairwise],
              ['cluster-pair', result.clusterPair],
              ['B-cubed', result.bCubed],
            ] as const
          ).map(([name, { precision, recall, f1 }]) => [name, shown(precision), shown(recall), shown(f1)]),
          '',
        ),
      );
      if (result.notClustered > 0) {
        output.note(`${result.notClustered} records of the truth are in no cluster; they count as left alone.`);
      }
      if (result.notJudged > 0) {
        output.note(`${result.notJudged} clustered records are not in the truth; they are left out.`);
      }
    });
}

/** Truth given as entities implies all its pairs, so that pairwise and cluster-pair are then the same. */
function evaluate({ found, truth }: Evaluated): Evaluation {
  const partition = truth.shape === 'clusters' ? truth.partition : entitiesOf(found.keys(), truth.pairs);
  const clusterPair = clusterPairScores(found, partition);
  const notClustered = [...partition.keys()].filter((record) => !found.has(record)).length;
  return {
    records: partition.size,
    notClustered,
    notJudged: found.size - (partition.size - notClustered),
    pairwise: truth.shape === 'clusters' ? clusterPair : pairwiseScores(found, truth.pairs),
    clusterPair,
    bCubed: bCubedScores(found, partition),
  };
}

function shown(score: number): string {
  return score.toFixed(4);
}
