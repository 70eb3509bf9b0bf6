import {
  type ClusterStep,
  inferSchema,
  type MatchModel,
  prepareRecords,
  type RecordTable,
  resolutionOf,
  resolveTable,
  type Schema,
  settleDateOrders,
  trainModel,
} from '@kempt/entity-resolution';
import { createParallelScoring } from '@kempt/entity-resolution/parallel';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { checkPlaces, csvCell, type OutputFile, openOutputFile } from '../tables/output-file.ts';
import { openTable } from '../tables/table.ts';
import { tableError } from '../tables/table-error.ts';
import { explanationText } from './explanation-page.ts';
import { type Assignments, assign, rounded } from './resolve-assignments.ts';
import { explainResolution } from './resolve-explanations.ts';
import { diagnosticsText, namingFile, readModel, readSchema } from './resolve-model.ts';
import { createProgressNotes } from './resolve-progress.ts';
import { type LoadedRecord, loadRecords, type Source, sourceNames, survey } from './resolve-records.ts';

interface ResolveFlags {
  readonly out: string;
  readonly schema?: string;
  readonly id?: string;
  readonly model?: string;
  readonly saveModel?: string;
  readonly explain?: string;
}

/** `kempt resolve`: finds the rows of files that show the same person or organisation. Needs no server. */
export function addResolveCommand(program: Command, context: CommandContext): void {
  program
    .command('resolve <files...>')
    .description('find the rows of CSV, NDJSON or Parquet files that show the same person or organisation')
    .requiredOption('--out <file>', 'where to write source, id, cluster_id and probability of every row, as CSV')
    .option('--schema <file>', 'what the columns hold, as JSON; default: read off headers and values')
    .option('--id <column>', 'the column with the ids; default: one that is called like an id, else row numbers')
    .addOption(new Option('--model <file>', 'match with this saved model and learn nothing').conflicts('schema'))
    .option('--save-model <file>', 'write what was learned')
    .option(
      '--explain <file>',
      'write why pairs were joined or not and how clusters were built, as NDJSON, or as a page of pictures to a .html file',
    )
    .action(async (files: string[], flags: ResolveFlags) => {
      const outputs = await openOutputs(files, flags);
      try {
        await run(files, flags, { context, outputs });
        for (const output of Object.values(outputs)) await output.commit();
      } finally {
        for (const output of Object.values(outputs)) await output.discard();
      }
    });
}

interface Outputs {
  readonly clusters: OutputFile;
  readonly model?: OutputFile;
  readonly explanations?: OutputFile;
}

/** Opens everything that will be written, so that a wrong place is found before the work and not after it. */
async function openOutputs(files: readonly string[], flags: ResolveFlags): Promise<Outputs> {
  await checkPlaces([...files, flags.schema, flags.model], [flags.out, flags.saveModel, flags.explain]);
  const opened: OutputFile[] = [];
  const open = async (file: string): Promise<OutputFile> => {
    const output = await openOutputFile(file);
    opened.push(output);
    return output;
  };
  try {
    return {
      clusters: await open(flags.out),
      ...(flags.saveModel !== undefined && { model: await open(flags.saveModel) }),
      ...(flags.explain !== undefined && { explanations: await open(flags.explain) }),
    };
  } catch (error) {
    for (const output of opened) await output.discard();
    throw error;
  }
}

async function run(
  files: readonly string[],
  flags: ResolveFlags,
  { context, outputs }: { readonly context: CommandContext; readonly outputs: Outputs },
): Promise<void> {
  const { signal } = context;
  const { note } = context.output();
  const onProgress = createProgressNotes(note);
  const declared = flags.schema === undefined ? undefined : await readSchema(flags.schema, context);
  const saved = flags.model === undefined ? undefined : await readModel(flags.model, context);
  const names = sourceNames(files);
  const sources: Source[] = [];
  for (const [at, file] of files.entries()) {
    const onRow = (rows: number): void => {
      if (rows % 1024 === 0) onProgress({ phase: `look at ${file}`, done: rows, total: rows });
    };
    sources.push(await survey(await openTable(file), names[at] as string, { idColumn: flags.id, signal, onRow }));
  }
  const schema = saved?.schema ?? declared ?? inferred(sources);
  checkColumns(sources, schema, flags);
  for (const { name, rows, idColumn } of sources) {
    note(`${name}: ${rows.toLocaleString('en')} rows, ids from ${idColumn ?? 'the numbers of the rows'}`);
  }
  note(
    `compared: ${schema.columns
      .filter(({ kind }) => kind !== 'ignored')
      .map(({ name, kind }) => `${name} (${kind})`)
      .join(', ')}`,
  );
  const work = { signal, onProgress };
  const kept: { readonly records: LoadedRecord[]; readonly origins: Origin[] } = { records: [], origins: [] };
  const batches = async function* (): AsyncGenerator<readonly LoadedRecord[]> {
    for (const source of sources) {
      const origin = { name: source.name, localIds: [] as string[] };
      kept.origins.push(origin);
      for await (const batch of loadRecords(source, schema, { signal })) {
        for (const record of batch) origin.localIds.push(record.localId);
        if (outputs.explanations !== undefined) for (const record of batch) kept.records.push(record);
        yield batch;
      }
    }
  };
  let table: RecordTable;
  let model: MatchModel;
  try {
    const settled =
      saved === undefined
        ? settleDateOrders(
            schema,
            sources.flatMap(({ sample }) => sample),
          )
        : saved.schema;
    const expected = sources.reduce((sum, { rows }) => sum + rows, 0);
    table = await prepareRecords({ batches: batches() }, settled, { ...work, expected });
    model = saved ?? (await trainModel(table, table.schema, work));
  } catch (error) {
    throw flags.schema === undefined ? error : namingFile(flags.schema, error);
  }
  for (const line of diagnosticsText(model)) note(line);
  const steps: ClusterStep[] = [];
  const resolution = await resolveTable(table, model, {
    ...work,
    scoring: createParallelScoring(),
    ...(outputs.explanations !== undefined && { onStep: (step) => steps.push(step) }),
  });
  const assignments = assign(table, resolution);
  await outputs.clusters.write(assignmentText(kept.origins, assignments), signal);
  await outputs.model?.write([`${JSON.stringify(model)}\n`], signal);
  if (outputs.explanations !== undefined) {
    const explanations = explainResolution({
      assignments: kept.records.map((record, place) => ({
        record,
        clusterId: assignments.clusterIds[place] as number,
      })),
      resolution: resolutionOf(table, resolution),
      steps,
      model,
      signal,
      onPair: (done) => onProgress({ phase: 'explain', done, total: resolution.edges.weights.length }),
    });
    await outputs.explanations.write(explanationText(flags.explain ?? '', explanations, model), signal);
  }
  const shown = (count: number): string => count.toLocaleString('en');
  note(
    `${shown(table.ids.length)} rows in ${shown(assignments.clusters)} clusters, ${shown(assignments.severals)} of them with several rows`,
  );
}

/** The ids of one input file, in their order. */
interface Origin {
  readonly name: string;
  readonly localIds: readonly string[];
}

const rowsAPiece = 4096;

/** The assignments as CSV, many rows at a time. */
function* assignmentText(origins: readonly Origin[], { clusterIds, probabilities }: Assignments): Generator<string> {
  yield 'source,id,cluster_id,probability\n';
  let place = 0;
  for (const { name, localIds } of origins) {
    const source = csvCell(name);
    let lines: string[] = [];
    for (const localId of localIds) {
      lines.push(`${source},${csvCell(localId)},${clusterIds[place]},${rounded(probabilities[place] as number)}\n`);
      place += 1;
      if (lines.length < rowsAPiece) continue;
      yield lines.join('');
      lines = [];
    }
    yield lines.join('');
  }
}

/** The schema that the samples of all files suggest; ids of rows say nothing about who is who. */
function inferred(sources: readonly Source[]): Schema {
  const ids = new Set(sources.flatMap(({ idColumn }) => idColumn ?? []));
  const schema = inferSchema(sources.flatMap(({ sample }) => sample));
  return {
    ...schema,
    columns: schema.columns.map((column) => (ids.has(column.name) ? { name: column.name, kind: 'ignored' } : column)),
  };
}

function checkColumns(sources: readonly Source[], schema: Schema, flags: ResolveFlags): void {
  const file = sources[0]?.table.file ?? '';
  if (sources.every(({ rows }) => rows === 0)) {
    throw tableError(
      { file },
      { code: 'table-empty', message: 'there are no rows; give at least one file with rows.' },
    );
  }
  const compared = schema.columns.filter(({ kind }) => kind !== 'ignored').map(({ name }) => name);
  const missing = compared.filter((name) => !sources.some(({ columns }) => columns.has(name)));
  if (flags.schema !== undefined && missing.length > 0) {
    throw tableError(
      { file: flags.schema, column: missing[0] },
      {
        code: 'column-missing',
        message: 'none of the input files has this column; correct the name, or give it the kind ignored.',
      },
    );
  }
  if (missing.length < compared.length || flags.schema !== undefined) return;
  throw tableError(
    { file },
    {
      code: 'nothing-to-compare',
      message:
        flags.model === undefined
          ? 'no column is recognised; say with --schema what the columns hold.'
          : `the model compares ${compared.join(', ')}, and no input file has any of these columns; rename the columns, or learn a new model.`,
    },
  );
}
