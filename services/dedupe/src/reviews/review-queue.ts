import { decisionThreshold, type MatchModel, reviewValue, weightOf } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { type EdgeNearThreshold, edgesNear } from '../matching/match-graph-store.ts';

/** A pair worth a look. */
export interface QueuedPair extends EdgeNearThreshold {
  /** Whether the two are in one cluster today. */
  readonly together: boolean;
  /** How much a verdict is worth: 1 for two lone records right at the threshold. */
  readonly value: number;
}

/** How many pairs on either side of the threshold are weighed against each other. */
const consideredPairs = 500;

/** The pairs of a kind on which a verdict tells most, the best first. */
export async function reviewQueue(
  tx: Transaction,
  kind: EntityKind,
  { model, limit }: { readonly model: MatchModel; readonly limit: number },
): Promise<QueuedPair[]> {
  const threshold = weightOf(decisionThreshold(model));
  const edges = await edgesNear(tx, kind, { weight: threshold, limit: Math.max(consideredPairs, limit) });
  return edges
    .map((edge) => {
      const together = edge.leftGoldenId === edge.rightGoldenId;
      const value = reviewValue(
        {
          weight: edge.weight,
          left: { cluster: edge.leftGoldenId, size: edge.leftSize },
          right: { cluster: edge.rightGoldenId, size: edge.rightSize },
        },
        threshold,
      );
      return { ...edge, together, value };
    })
    .toSorted(
      (left, right) =>
        right.value - left.value || compareText(left.left, right.left) || compareText(left.right, right.right),
    )
    .slice(0, limit);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
