import {
  createMatcher,
  type FieldValue,
  type InputRecord,
  inferSchema,
  type MatchModel,
  trainModel,
} from '@kempt/entity-resolution';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { table } from '../output-table.ts';
import { type Fields, singleText } from '../tables/field-value.ts';
import { checkPlaces, csvText, type OutputFile, openOutputFile } from '../tables/output-file.ts';
import { openTable, placeOf } from '../tables/table.ts';
import { tableError } from '../tables/table-error.ts';
import { explanationText } from './explanation-page.ts';
import { rounded } from './resolve-assignments.ts';
import { type ExplainedPair, explainedPair } from './resolve-explanations.ts';
import { namingFile, readModel, readSchema } from './resolve-model.ts';
import { createProgressNotes } from './resolve-progress.ts';

interface CompareFlags {
  readonly model?: string;
  readonly schema?: string;
  readonly out?: string;
  readonly explain?: string;
}

interface Pair {
  readonly left: InputRecord;
  readonly right: InputRecord;
  readonly leftId: string;
  readonly rightId: string;
}

interface ScoredPair {
  /** Number of the row. */
  readonly pair: number;
  readonly left_id: string;
  readonly right_id: string;
  readonly probability: number;
  /** Match weight in bits. */
  readonly weight: number;
  readonly match: boolean;
}

const pauseEvery = 512;

/** `kempt compare`: the match probability of given pairs. Needs no server. */
export function addCompareCommand(program: Command, context: CommandContext): void {
  program
    .command('compare <pairs>')
    .description('score given pairs: a CSV, NDJSON or Parquet file with left_* and right_* columns')
    .addOption(
      new Option('--model <file>', 'a model of "kempt resolve --save-model"; default: learn from the pairs').conflicts(
        'schema',
      ),
    )
    .option('--schema <file>', 'what the columns hold, by their names without left_ and right_, as JSON')
    .option('--out <file>', 'write the scores there as CSV instead of printing them')
    .option('--explain <file>', 'write why each pair matches or not, as NDJSON, or as pictures to a .html file')
    .action(async (file: string, flags: CompareFlags) => {
      await checkPlaces([file, flags.model, flags.schema], [flags.out, flags.explain]);
      const output = flags.out === undefined ? undefined : await openOutputFile(flags.out);
      let reasons: OutputFile | undefined;
      try {
        reasons = flags.explain === undefined ? undefined : await openOutputFile(flags.explain);
        const { scored, pairs, model } = await compare(file, flags, context);
        if (model !== undefined)
          await reasons?.write(
            explanationText(flags.explain ?? '', explainPairs(pairs, scored, model), model),
            context.signal,
          );
        await reasons?.commit();
        if (output === undefined) {
          context.output().show({ items: scored }, () => tableOf(scored));
          return;
        }
        const rows = scored.map((pair) => [
          pair.pair,
          pair.left_id,
          pair.right_id,
          pair.probability,
          pair.weight,
          String(pair.match),
        ]);
        await output.write(
          csvText(['pair', 'left_id', 'right_id', 'probability', 'weight', 'match'], rows),
          context.signal,
        );
        await output.commit();
      } finally {
        await reasons?.discard();
        await output?.discard();
      }
    });
}

async function* explainPairs(
  pairs: readonly Pair[],
  scored: readonly ScoredPair[],
  model: MatchModel,
): AsyncGenerator<ExplainedPair> {
  const matcher = createMatcher(model);
  for (const [at, { left, right, leftId, rightId }] of pairs.entries()) {
    const rows = [
      { record: left, name: { source: left.source, id: leftId } },
      { record: right, name: { source: right.source, id: rightId } },
    ] as const;
    yield explainedPair(matcher, rows, scored[at]?.match === true);
    if (at % pauseEvery === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function tableOf(scored: readonly ScoredPair[]): string {
  return table(
    ['pair', 'left', 'right', 'probability', 'weight', 'match'],
    scored.map((pair) => [
      pair.pair,
      pair.left_id,
      pair.right_id,
      pair.probability.toFixed(6),
      pair.weight.toFixed(2),
      pair.match,
    ]),
    'No pairs.',
  );
}

interface Comparison {
  readonly scored: readonly ScoredPair[];
  readonly pairs: readonly Pair[];
  /** Missing where there were no pairs to learn from. */
  readonly model?: MatchModel;
}

async function compare(file: string, flags: CompareFlags, context: CommandContext): Promise<Comparison> {
  const { signal } = context;
  const { note } = context.output();
  const onProgress = createProgressNotes(note);
  const saved = flags.model === undefined ? undefined : await readModel(flags.model, context);
  const declared = flags.schema === undefined ? undefined : await readSchema(flags.schema, context);
  const pairs = await readPairs(file, signal);
  if (pairs.length === 0) return { scored: [], pairs };
  const records = [
    ...new Map(pairs.flatMap(({ left, right }) => [left, right]).map((record) => [record.id, record])),
  ].map(([, record]) => record);
  if (saved === undefined) {
    note(`No model is given: one is learned from the ${records.length.toLocaleString('en')} records of these pairs.`);
  }
  const known = new Set(records.flatMap(({ fields }) => Object.keys(fields)));
  const schema = saved?.schema ?? declared ?? inferSchema(records.map(({ fields }) => fields));
  if (!schema.columns.some(({ name, kind }) => kind !== 'ignored' && known.has(name))) {
    throw tableError(
      { file },
      {
        code: 'nothing-to-compare',
        message: `none of the columns ${[...known].map((name) => `left_${name}`).join(', ')} is compared; say with --schema what they hold, or name them as the model does.`,
      },
    );
  }
  try {
    const model = saved ?? (await trainModel(records, schema, { signal, onProgress }));
    const matcher = createMatcher(model);
    const scored: ScoredPair[] = [];
    for (const { left, right, leftId, rightId } of pairs) {
      if (scored.length % pauseEvery === 0) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
        if (scored.length > 0) onProgress({ phase: 'score', done: scored.length, total: pairs.length });
      }
      const { probability, weight, conflict } = matcher.score(matcher.normalise(left), matcher.normalise(right));
      scored.push({
        pair: scored.length + 1,
        left_id: leftId,
        right_id: rightId,
        probability: rounded(probability),
        weight: rounded(weight),
        match: !conflict && probability >= model.threshold,
      });
    }
    return { scored, pairs, model };
  } catch (error) {
    throw flags.schema === undefined ? error : namingFile(flags.schema, error);
  }
}

const sides = ['left_', 'right_'] as const;

async function readPairs(file: string, signal: AbortSignal | undefined): Promise<Pair[]> {
  const opened = await openTable(file);
  const pairs: Pair[] = [];
  for await (const { line, fields } of opened.rows(signal)) {
    const [left, right] = sides.map((side) => fieldsOf(side, fields)) as [Fields, Fields];
    for (const [at, side] of [left, right].entries()) {
      if (Object.keys(side).length > 0) continue;
      throw tableError(
        { ...placeOf(opened, line), column: `${sides[at]}*` },
        {
          code: 'column-missing',
          message: `no column begins with ${sides[at]}; name the columns of the two records left_... and right_..., such as left_email and right_email.`,
        },
      );
    }
    pairs.push({
      left: recordOf(left, 'left'),
      right: recordOf(right, 'right'),
      leftId: singleText(left.id),
      rightId: singleText(right.id),
    });
  }
  return pairs;
}

function fieldsOf(side: string, fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => name.startsWith(side) && name.length > side.length)
      .map(([name, value]): [string, FieldValue] => [name.slice(side.length), value]),
  );
}

/**
 * A record that stands in several pairs is one record: it has the same id, source and content. Without an id the side is part of what
 * it is, so that two equal rows of one pair remain two.
 */
function recordOf(fields: Fields, side: string): InputRecord {
  const { id, source, ...rest } = fields;
  const localId = singleText(id);
  const named = singleText(source);
  return {
    id: JSON.stringify([localId === '' ? side : '', named, localId, rest]),
    source: named,
    fields: rest,
  };
}
