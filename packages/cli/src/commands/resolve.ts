import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import {
  type ClusterStep,
  inferSchema,
  type MatchModel,
  type RecordTable,
  resolutionOf,
  resolveTable,
  type Schema,
  settleDateOrders,
  trainModel,
} from '@kempt/entity-resolution';
import { createCrew, type ThreadCrew } from '@kempt/entity-resolution/parallel';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { wholeNumber } from '../list-options.ts';
import { checkPlaces, csvCell, type OutputFile, openOutputFile } from '../tables/output-file.ts';
import { openTable } from '../tables/table.ts';
import { tableError } from '../tables/table-error.ts';
import { explanationText } from './explanation-page.ts';
import { localIdOf } from './record-id.ts';
import { type Assignments, assign, rounded } from './resolve-assignments.ts';
import { explainResolution } from './resolve-explanations.ts';
import { diagnosticsText, namingFile, readModel, readSchema } from './resolve-model.ts';
import { createProgressNotes } from './resolve-progress.ts';
import { type LoadedRecord, type Source, sourceNames, survey } from './resolve-records.ts';
import { tableOf } from './resolve-table.ts';

/** Files smaller than this together are done before further threads have begun. */
const leastBytes = 2_000_000;
/** More threads than these mostly wait for the one that puts values into the table. */
const usefulWorkers = 8;
const mostWorkers = 64;

interface ResolveFlags {
  readonly out: string;
  readonly schema?: string;
  readonly id?: string;
  readonly model?: string;
  readonly saveModel?: string;
  readonly explain?: string;
  readonly workers?: number;
  readonly link?: boolean;
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
    .option('--link', 'no file has anybody twice: link the rows of different files, and never join two of one')
    .option('--save-model <file>', 'write what was learned')
    .option(
      '--explain <file>',
      'write why pairs were joined or not and how clusters were built, as NDJSON, or as a page of pictures to a .html file',
    )
    .addOption(
      new Option(
        '--workers <number>',
        'threads that work, 1 for a single one; default: as many as the machine runs at once up to 8, and a single one for small files',
      ).argParser(wholeNumber(1, mostWorkers)),
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
  const workers =
    flags.workers ?? ((await bytesOf(files)) < leastBytes ? 1 : Math.min(usefulWorkers, availableParallelism()));
  // Threads begin while this one looks at the files.
  const crew = workers > 1 ? createCrew({ workers }) : undefined;
  try {
    await resolveFiles(files, flags, { context, outputs, crew });
  } finally {
    await crew?.end();
  }
}

/** The size of all files; what cannot be read is told of later. */
async function bytesOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0);
}

async function resolveFiles(
  files: readonly string[],
  flags: ResolveFlags,
  {
    context,
    outputs,
    crew,
  }: { readonly context: CommandContext; readonly outputs: Outputs; readonly crew: ThreadCrew | undefined },
): Promise<void> {
  const { signal } = context;
  const { note } = context.output();
  const onProgress = createProgressNotes(note);
  const declared = flags.schema === undefined ? undefined : await readSchema(flags.schema, context);
  const saved = flags.model === undefined ? undefined : await readModel(flags.model, context);
  const names = sourceNames(files);
  if (flags.link === true && files.length < 2) {
    throw tableError(
      { file: files[0] as string },
      {
        code: 'nothing-to-link',
        message: 'one file alone has nothing to be linked with; name another one, or leave out --link.',
      },
    );
  }
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
  const work = { signal, onProgress, crew };
  const kept: LoadedRecord[] = [];
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
    table = await tableOf(sources, settled, {
      ...work,
      ...(outputs.explanations !== undefined && { onRecord: (record: LoadedRecord) => kept.push(record) }),
    });
    model = saved ?? (await trainModel(table, table.schema, work));
  } catch (error) {
    throw flags.schema === undefined ? error : namingFile(flags.schema, error);
  }
  for (const line of diagnosticsText(model)) note(line);
  const steps: ClusterStep[] = [];
  const resolution = await resolveTable(table, model, {
    ...work,
    ...(flags.link === true && { duplicateFreeSources: names }),
    ...(outputs.explanations !== undefined && { onStep: (step) => steps.push(step) }),
  });
  const assignments = assign(table, resolution);
  await outputs.clusters.write(assignmentText(table, assignments), signal);
  await outputs.model?.write([`${JSON.stringify(model)}\n`], signal);
  if (outputs.explanations !== undefined) {
    const explanations = explainResolution({
      assignments: kept.map((record, place) => ({
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

const rowsAPiece = 4096;

/** The assignments as CSV in the order of the input, many rows at a time. */
function* assignmentText(
  { ids, sources, arrivals }: RecordTable,
  { clusterIds, probabilities }: Assignments,
): Generator<string> {
  yield 'source,id,cluster_id,probability\n';
  const rowOf = new Int32Array(arrivals.length);
  arrivals.forEach((place, row) => {
    rowOf[place] = row;
  });
  let lines: string[] = [];
  for (let place = 0; place < rowOf.length; place += 1) {
    const row = rowOf[place] as number;
    const source = sources[row] as string;
    const localId = csvCell(localIdOf(ids[row] as string, source));
    lines.push(`${csvCell(source)},${localId},${clusterIds[place]},${rounded(probabilities[place] as number)}\n`);
    if (lines.length < rowsAPiece) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
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
