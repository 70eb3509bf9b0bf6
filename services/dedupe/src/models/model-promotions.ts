import type { Database, Transaction } from '@kempt/postgres';
import { promotionRefused, unknownModel } from '../errors.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { DedupeMetrics } from '../metrics.ts';
import type { DecidingModels } from './deciding-model.ts';
import { judgeVerdicts } from './judged-pairs.ts';
import { type ModelComparison, objections, type PromotionLimits, scoreOnVerdicts } from './model-comparison.ts';
import { hasDecided, type ModelPromotion, savePromotion } from './model-promotion-store.ts';
import { findModel, lockFreeState, lockStateAlone, setDeciding } from './model-store.ts';
import { requestTask } from './model-task-store.ts';

export interface PromotionAsked {
  readonly version: string;
  /** Promote although something speaks against it. Who may ask for it is settled before. */
  readonly force: boolean;
  readonly note: string;
  readonly by: string;
}

export interface ModelPromotionsOptions {
  readonly database: Database;
  readonly models: DecidingModels;
  readonly metrics: Pick<DedupeMetrics, 'promotions'>;
  readonly limits: PromotionLimits;
  /** Called in the transaction that lets another model decide. */
  readonly onPromoted: (tx: Transaction, kind: EntityKind) => Promise<unknown>;
  /** Called when there is work to take up. */
  readonly wake: () => void;
}

/** Lets another version of a model decide. */
export function createModelPromotions(options: ModelPromotionsOptions) {
  const { database, models, metrics, limits, wake } = options;
  return {
    /**
     * From the next change on the version decides, and everything is scored anew in the background. A version that decided
     * before may always be gone back to. Throws a problem with status 404 for an unknown version, 409 with reasons when
     * something speaks against it and nobody insists.
     * @returns the promotion; undefined when the version decides already
     */
    async promote(tenantId: string, asked: PromotionAsked): Promise<ModelPromotion | undefined> {
      // Judging may take seconds, so it is done before the lock is taken that changes of records wait for.
      const { kind, deciding, against } = await database.transaction(tenantId, (tx) => judge(tx, asked.version), {
        readOnly: true,
      });
      if (against.length > 0 && !asked.force) {
        metrics.promotions.inc({ entity_kind: kind, outcome: 'refused' });
        throw promotionRefused(asked.version, against);
      }
      const promotion = await database.transaction(tenantId, async (tx) => {
        const state = await lockStateAlone(tx, kind);
        if (state.phase === 'collecting') throw unknownModel(asked.version);
        if (state.modelVersion === asked.version) return undefined;
        if (state.modelVersion !== deciding) {
          throw promotionRefused(asked.version, [`${state.modelVersion} was promoted at the same moment.`]);
        }
        await setDeciding(tx, kind, asked.version);
        await requestTask(tx, {
          entityKind: kind,
          task: 'rescoring',
          version: asked.version,
          origin: 'request',
          requestedBy: asked.by,
        });
        await options.onPromoted(tx, kind);
        return savePromotion(tx, {
          entityKind: kind,
          version: asked.version,
          previous: state.modelVersion,
          promotedBy: asked.by,
          forced: against.length > 0,
          objections: against,
          note: asked.note,
        });
      });
      if (promotion !== undefined) {
        const { entityKind, forced } = promotion;
        metrics.promotions.inc({ entity_kind: entityKind, outcome: forced ? 'forced' : 'promoted' });
        wake();
      }
      return promotion;
    },
  };

  /** What speaks against letting the version decide instead of the one that does. */
  async function judge(
    tx: Transaction,
    version: string,
  ): Promise<{ readonly kind: EntityKind; readonly deciding: string; readonly against: readonly string[] }> {
    const found = await findModel(tx, version);
    if (found === undefined) throw unknownModel(version);
    const { entityKind: kind } = found;
    const state = await lockFreeState(tx, kind);
    if (state.phase === 'collecting') throw unknownModel(version);
    const deciding = state.modelVersion;
    if (deciding === version || (await hasDecided(tx, kind, version))) return { kind, deciding, against: [] };
    const against = await speakAgainst(found.comparison ?? undefined, deciding, async () => {
      const both = [await models.get(tx, kind, deciding), await models.get(tx, kind, version)];
      const [ofDeciding, ofCandidate] = await judgeVerdicts(tx, kind, both);
      return { deciding: scoreOnVerdicts(ofDeciding ?? []), candidate: scoreOnVerdicts(ofCandidate ?? []) };
    });
    return { kind, deciding, against };
  }

  /** Verdicts are judged afresh, since more may have come since the comparison; what it says of the clusters stands. */
  async function speakAgainst(
    comparison: ModelComparison | undefined,
    deciding: string,
    judgeAgain: () => Promise<ModelComparison['verdicts']>,
  ): Promise<string[]> {
    if (comparison === undefined) return objections(undefined, limits);
    const found = objections({ ...comparison, verdicts: await judgeAgain() }, limits);
    if (comparison.comparedWith !== deciding) {
      found.push(
        `It was compared with ${comparison.comparedWith}, and ${deciding} decides today. POST /v1/models/{version}/comparison compares it again.`,
      );
    }
    return found;
  }
}

export type ModelPromotions = ReturnType<typeof createModelPromotions>;
