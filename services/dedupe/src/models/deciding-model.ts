import { createMatcher, type Matcher, type MatcherOptions, type MatchModel } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadModel } from './model-store.ts';

/** A match model with the matcher made of it. */
export interface DecidingModel {
  readonly model: MatchModel;
  readonly matcher: Matcher;
}

/** Keeps the matchers of models in use. A version never changes, so nothing here goes stale. */
export function createDecidingModels(options: MatcherOptions = {}, entriesMax = 64) {
  const entries = new Map<string, DecidingModel>();
  return {
    async get(tx: Transaction, kind: EntityKind, version: string): Promise<DecidingModel> {
      const key = `${tx.tenantId}\n${kind}\n${version}`;
      const known = entries.get(key);
      if (known !== undefined) return known;
      const model = await loadModel(tx, kind, version);
      const deciding = { model, matcher: createMatcher(model, options) };
      entries.set(key, deciding);
      if (entries.size > entriesMax) {
        const oldest = entries.keys().next().value;
        if (oldest !== undefined) entries.delete(oldest);
      }
      return deciding;
    },
  };
}

export type DecidingModels = ReturnType<typeof createDecidingModels>;
