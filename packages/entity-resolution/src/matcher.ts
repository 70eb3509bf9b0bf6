import { createBlocker } from './blocking.ts';
import type { ExplainOptions, Explanation, ExplanationRow } from './explanation.ts';
import { createRarities } from './frequencies.ts';
import { KeyRule } from './key-kind.ts';
import { idOfLink, linkedLevel, linkSlots } from './links.ts';
import { checkModel, type MatchModel, probabilityOf } from './model.ts';
import { createNormaliser, type NormalRecord } from './normal-record.ts';
import { conflictWeight, PairScorer } from './pair-scorer.ts';
import { planOf } from './plan.ts';
import { createRecordShelf, type RecordShelf } from './record-shelf.ts';
import { RecordStore } from './record-store.ts';
import type { InputRecord } from './schema.ts';

export interface PairResult {
  /** Match weight in bits. */
  readonly weight: number;
  readonly probability: number;
  /** The two can never be one entity, whatever else agrees. */
  readonly conflict: boolean;
}

/** A model put to work on single records. All calls are synchronous and pure; what is kept inside is a bounded cache of prepared values. */
export interface Matcher {
  readonly model: MatchModel;
  normalise(record: InputRecord): NormalRecord;
  /** Blocking keys, the most selective kind first. */
  blockKeys(normal: NormalRecord): readonly string[];
  /** The same keys as hashes of 48 bits, in the same order: less work where keys are only compared. */
  blockHashes(normal: NormalRecord): readonly number[];
  /** Which shared keys, by their hashes, make two records candidates of each other. */
  readonly keyRule: KeyRule;
  score(a: NormalRecord, b: NormalRecord): PairResult;
  /** A shelf on which at most about so many records stand ready for comparison. */
  shelf(recordsMax: number): RecordShelf;
  /** Why two records match, or why not. */
  explain(a: NormalRecord, b: NormalRecord, options?: ExplainOptions): Explanation;
}

export interface MatcherOptions {
  /**
   * How many records are kept prepared for scoring, and four times as many of their values; the cache is emptied when it holds
   * more. Default 100,000.
   */
  readonly recordsMax?: number;
}

export function createMatcher(model: MatchModel, options: MatcherOptions = {}): Matcher {
  const mostRows = options.recordsMax ?? 100_000;
  const mostValues = 4 * mostRows;
  checkModel(model);
  const plan = planOf(model.schema);
  const rarities = createRarities(model.frequencies);
  const links = linkSlots(plan);
  const normalise = createNormaliser(model.schema, plan);
  const blocker = createBlocker(plan, rarities, model.blocking.stopKeys);
  let store = new RecordStore(plan, rarities);
  let scorer = new PairScorer(model, store);
  let rows = new WeakMap<NormalRecord, number>();

  const makeRoom = (): void => {
    if (store.values < mostValues && store.rows < mostRows) return;
    store = new RecordStore(plan, rarities);
    scorer = new PairScorer(model, store);
    rows = new WeakMap();
  };
  const rowOf = (normal: NormalRecord): number => {
    let row = rows.get(normal);
    if (row === undefined) {
      row = store.add(normal.values, normal.source);
      rows.set(normal, row);
    }
    return row;
  };
  const weigh = (a: NormalRecord, b: NormalRecord): number => {
    makeRoom();
    return a.id <= b.id ? scorer.weigh(rowOf(a), rowOf(b)) : scorer.weigh(rowOf(b), rowOf(a));
  };

  return {
    model,
    normalise,
    blockKeys: (normal) => blocker.keys(normal.values),
    blockHashes: (normal) => blocker.hashes(normal.values),
    keyRule: new KeyRule(model.blocking.weakKinds),
    score(a, b) {
      const weight = weigh(a, b);
      return { weight, probability: probabilityOf(weight), conflict: scorer.conflict };
    },
    shelf: (recordsMax) => createRecordShelf(model, { plan, rarities, recordsMax }),
    explain(a, b, options = {}) {
      const weight = weigh(a, b);
      const shown = (normal: NormalRecord, slot: number, read = plainText): string | null => {
        const values = normal.values[slot] ?? [];
        return options.redact === true || values.length === 0 ? null : values.map(read).join('; ');
      };
      const explained: ExplanationRow[] = model.features.map((feature, index) => {
        const level = scorer.store.levels[index] as number;
        return {
          column: feature.name,
          level: level < 0 ? 'no evidence' : (feature.levels[level]?.label ?? ''),
          left: shown(a, feature.slot),
          right: shown(b, feature.slot),
          weight: scorer.levelWeight(index),
          termFrequencyWeight: scorer.rarityWeight(index),
        };
      });
      for (const { name, slot } of links) {
        const isLinked = scorer.store.linkedIn(slot, rowOf(a), rowOf(b));
        explained.push({
          column: name,
          level: isLinked ? linkedLevel : 'no evidence',
          left: shown(a, slot, idOfLink),
          right: shown(b, slot, idOfLink),
          // Two links say no more than one.
          weight: isLinked && !explained.some(({ level }) => level === linkedLevel) ? scorer.linkWeight : 0,
          termFrequencyWeight: 0,
        });
      }
      if (scorer.carelessWeight !== 0) {
        explained.push({
          column: 'care',
          level: scorer.carelessWeight > 0 ? 'errors that come together' : 'agreement as of careful records',
          left: null,
          right: null,
          weight: scorer.carelessWeight,
          termFrequencyWeight: 0,
        });
      }
      if (scorer.confusionWeight !== 0) {
        explained.push({
          column: 'confusion',
          level: 'agreement that related entities share',
          left: null,
          right: null,
          weight: scorer.confusionWeight,
          termFrequencyWeight: 0,
        });
      }
      if (scorer.calibrationWeight !== 0) {
        explained.push({
          column: 'verdicts',
          level: 'what people judged of such pairs',
          left: null,
          right: null,
          weight: scorer.calibrationWeight,
          termFrequencyWeight: 0,
        });
      }
      if (scorer.conflict) {
        explained.push({
          column: 'conflict',
          level: 'cannot be one entity',
          left: null,
          right: null,
          weight: conflictWeight,
          termFrequencyWeight: 0,
        });
      }
      return { prior: scorer.prior, rows: explained, weight, probability: probabilityOf(weight) };
    },
  };
}

/** A value in normal form as people read it. */
function plainText(value: string): string {
  return value
    .replace(/\|[n@+]$/, '')
    .replace(/\|+/g, ' ')
    .trim();
}
