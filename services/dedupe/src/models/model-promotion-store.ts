import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';

/** A change of the version that decides. */
export interface ModelPromotion {
  readonly entityKind: EntityKind;
  /** Rises by one with every promotion of the kind, beginning with 1. */
  readonly sequence: number;
  readonly version: string;
  /** The version that decided before; null for the first one. */
  readonly previous: string | null;
  readonly promotedBy: string;
  readonly promotedAt: Date;
  /** Somebody insisted although something spoke against it. */
  readonly forced: boolean;
  readonly objections: readonly string[];
  readonly note: string;
}

const columns = `entity_kind as "entityKind", sequence, version, previous, promoted_by as "promotedBy",
  promoted_at as "promotedAt", forced, objections, note`;

/** The caller holds the lock of the kind. */
export async function savePromotion(
  tx: Transaction,
  promotion: Omit<ModelPromotion, 'sequence' | 'promotedAt'>,
): Promise<ModelPromotion> {
  const rows = await tx.query<ModelPromotion>(
    `insert into model_promotion (tenant_id, entity_kind, sequence, version, previous, promoted_by, forced, objections,
                                  note)
     select $1, $2, coalesce(max(sequence), 0) + 1, $3, $4, $5, $6, $7, $8
     from model_promotion where tenant_id = $1 and entity_kind = $2
     returning ${columns}`,
    [
      tx.tenantId,
      promotion.entityKind,
      promotion.version,
      promotion.previous,
      promotion.promotedBy,
      promotion.forced,
      JSON.stringify(promotion.objections),
      promotion.note,
    ],
  );
  return rows[0] as ModelPromotion;
}

/** The newest promotions first. */
export async function listPromotions(tx: Transaction, limit: number): Promise<ModelPromotion[]> {
  return tx.query<ModelPromotion>(
    `select ${columns} from model_promotion where tenant_id = $1
     order by promoted_at desc, entity_kind, sequence desc limit $2`,
    [tx.tenantId, limit],
  );
}

/** Whether the version decided at some time. */
export async function hasDecided(tx: Transaction, kind: EntityKind, version: string): Promise<boolean> {
  const rows = await tx.query(
    `select from model_promotion where tenant_id = $1 and entity_kind = $2 and $3 in (version, previous) limit 1`,
    [tx.tenantId, kind, version],
  );
  return rows.length > 0;
}
