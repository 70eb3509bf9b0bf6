import { Argument, type Command, InvalidArgumentError } from 'commander';
import { segment } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';
import { time } from '../output.ts';
import { fields, table } from '../output-table.ts';

interface Score {
  readonly verdicts: number;
  readonly agreement: number | null;
  readonly logLoss: number | null;
}

interface ModelSummary {
  readonly entityKind: string;
  readonly version: string;
  readonly trainedOn: number;
  readonly trainedAt: string;
  readonly origin: string;
  readonly deciding: boolean;
  readonly hasDecided: boolean;
  readonly comparison: {
    readonly comparedWith: string;
    readonly verdicts: { readonly deciding: Score; readonly candidate: Score };
    readonly clusters: { readonly clusters: number; readonly changed: number; readonly share: number };
  } | null;
}

interface Task {
  readonly entityKind: string;
  readonly task: string;
  readonly phase: string;
  readonly recordsDone: number;
  readonly outcome: string;
}

interface Models {
  readonly items: readonly ModelSummary[];
  readonly tasks: readonly Task[];
}

interface Promotion {
  readonly entityKind: string;
  readonly version: string;
  readonly previous: string | null;
  readonly promotedBy: string;
  readonly promotedAt: string;
  readonly forced: boolean;
  readonly note: string;
}

const path = '/v1/models';
const kinds = ['person', 'organisation'];

/** `kempt models`: what decides who is who, what might, and letting another model decide. */
export function addModelsCommands(program: Command, context: CommandContext): void {
  const models = program.command('models').description('match models: train, compare, promote, go back');

  models
    .command('list')
    .description('list models and the work on them')
    .action(async () => {
      const found = await (await context.api()).get<Models>(path);
      context.output().show(found, () => listText(found));
    });

  models
    .command('train')
    .description('train a candidate on every record, in the background')
    .addArgument(new Argument('<kind>', 'what it is for').choices(kinds))
    .action(async (entityKind: string) => {
      const task = await (await context.api()).post<Task>(path, { entityKind });
      context.output().show(task, () => `A candidate for ${entityKind} is being trained; kempt models list shows it.`);
    });

  models
    .command('compare <version>')
    .description('compare a model with the one that decides, in the background')
    .action(async (version: string) => {
      const task = await (await context.api()).post<Task>(`${path}/${segment(version)}/comparison`);
      context.output().show(task, () => `${version} is being compared; kempt models list shows the outcome.`);
    });

  models
    .command('promote <version>')
    .description('let a model decide; refused with reasons when it is worse than the one that does')
    .option('--force', 'although something speaks against it; needs the scope admin')
    .option('--note <text>', 'why; kept with your name', noteText)
    .action(async (version: string, options: { readonly force?: boolean; readonly note?: string }) => {
      await promote(version, { force: options.force === true, note: options.note ?? '' });
    });

  models
    .command('rollback')
    .description('let the model decide that did so before the one of today')
    .addArgument(new Argument('<kind>', 'what it is for').choices(kinds))
    .option('--note <text>', 'why; kept with your name', noteText)
    .action(async (entityKind: string, options: { readonly note?: string }) => {
      const { items } = await (await context.api()).get<{ items: readonly Promotion[] }>(
        `${path}/promotions?limit=200`,
      );
      const previous = items.find((promotion) => promotion.entityKind === entityKind)?.previous;
      if (previous === undefined || previous === null) {
        throw new CliError(`No other model for ${entityKind} decided before the one of today.`, {
          code: 'no-earlier-model',
          exitCode: exitCodes.failed,
        });
      }
      await promote(previous, { force: false, note: options.note ?? '' });
    });

  models
    .command('history')
    .description('list who let which model decide, newest first')
    .action(async () => {
      const page = await (await context.api()).get<{ items: readonly Promotion[] }>(`${path}/promotions`);
      context.output().show(page, () =>
        table(
          ['when', 'kind', 'version', 'before', 'by', 'forced', 'note'],
          page.items.map((promotion) => [
            time(promotion.promotedAt),
            promotion.entityKind,
            promotion.version,
            promotion.previous ?? undefined,
            promotion.promotedBy,
            promotion.forced ? 'yes' : 'no',
            promotion.note,
          ]),
          'No model decides yet.',
        ),
      );
    });

  async function promote(version: string, body: { readonly force: boolean; readonly note: string }): Promise<void> {
    const answer = await (await context.api()).post<{ promotion: Promotion | null }>(
      `${path}/${segment(version)}/promotion`,
      body,
    );
    const { promotion } = answer;
    context
      .output()
      .show(answer, () =>
        promotion === null
          ? `${version} decides already.`
          : `${version} decides from now on; every record is being scored anew. kempt models list shows how far it is.`,
      );
  }
}

function noteText(text: string): string {
  if (text.length > 2_000) throw new InvalidArgumentError('A note has at most 2,000 characters.');
  return text;
}

function listText({ items, tasks }: Models): string {
  const list = table(
    ['kind', 'version', 'state', 'trained', 'records', 'why', 'agreement', 'log loss', 'clusters changed'],
    items.map(({ comparison, ...model }) => [
      model.entityKind,
      model.version,
      model.deciding ? 'decides' : model.hasDecided ? 'decided' : 'candidate',
      time(model.trainedAt),
      model.trainedOn,
      model.origin,
      comparison === null ? undefined : against(comparison.verdicts, 'agreement'),
      comparison === null ? undefined : against(comparison.verdicts, 'logLoss'),
      comparison === null ? undefined : `${comparison.clusters.changed} of ${comparison.clusters.clusters}`,
    ]),
    'No model yet: the first backfills are still running.',
  );
  const work = tasks.map((task) => [
    `${task.task} ${task.entityKind}`,
    `${task.phase}${task.recordsDone > 0 ? `, ${task.recordsDone} records` : ''}${task.outcome === '' ? '' : `: ${task.outcome}`}`,
  ]);
  return work.length === 0 ? list : `${list}\n\n${fields(work as [string, string][])}`;
}

/** The candidate's measure, and that of the model that decided. */
function against(verdicts: { readonly deciding: Score; readonly candidate: Score }, measure: 'agreement' | 'logLoss') {
  const shown = (value: number | null) => (value === null ? '-' : value.toFixed(3));
  return `${shown(verdicts.candidate[measure])} (${shown(verdicts.deciding[measure])})`;
}
