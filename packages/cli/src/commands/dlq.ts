import { type Command, Option } from 'commander';
import { type ApiClient, type Page, segment } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, type ListOptions, readList } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';
import { noteNextPage, withListOptions } from '../list-options.ts';
import { printable, time } from '../output.ts';
import { fields, table } from '../output-table.ts';

interface DeadLetter {
  readonly id: string;
  readonly service: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly eventId: string | null;
  readonly reason: string;
  readonly stage: string;
  readonly errorClass: string;
  readonly errorCode: string | null;
  readonly message: string;
  readonly attempts: number;
  readonly state: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

interface DeadLetterDetails extends DeadLetter {
  readonly headers: Readonly<Record<string, string>>;
  readonly value?: string | null;
  readonly publishedAt: string;
  readonly actions: readonly {
    readonly action: string;
    readonly actor: string;
    readonly note: string;
    readonly at: string;
  }[];
}

interface DeadLetterPage extends Page<DeadLetter> {
  /** Services that did not answer. */
  readonly unavailable?: readonly string[];
}

interface FilterOptions {
  readonly service?: string;
  readonly topic?: string;
  readonly group?: string;
  readonly reason?: string;
  readonly state?: string;
}

const path = '/v1/dead-letters';
const reasons = ['undecodable', 'permanent', 'attempts-exhausted', 'refused'];

/** `kempt dlq`: events that could not be applied and wait for a person. */
export function addDlqCommands(program: Command, context: CommandContext): void {
  const dlq = program.command('dlq').description('events that could not be applied');

  withListOptions(withFilter(dlq.command('list').description('list dead letters, newest first')))
    .addOption(
      new Option('--state <state>', 'open, or another state')
        .choices(['open', 'replaying', 'resolved', 'discarded', 'any'])
        .default('open'),
    )
    .action(async (options: FilterOptions & ListOptions) => {
      const output = context.output();
      const page = await readDeadLetters(await context.api(), options, options);
      output.show(page, () =>
        table(
          ['id', 'group', 'topic', 'key', 'reason', 'attempts', 'last seen', 'message'],
          page.items.map((letter) => [
            letter.id,
            letter.group,
            letter.topic,
            letter.key,
            letter.reason,
            letter.attempts,
            time(letter.lastSeenAt),
            shortened(letter.message),
          ]),
          'No dead letters.',
        ),
      );
      noteUnavailable(context, page);
      noteNextPage(output, page);
    });

  dlq
    .command('show <id>')
    .description('show a dead letter with its event')
    .action(async (id: string) => {
      const letter = await (await context.api()).get<DeadLetterDetails>(`${path}/${segment(id)}`);
      context.output().show(letter, () => describe(letter));
    });

  withFilter(dlq.command('replay [ids...]').description('hand events back to the consumer that could not apply them'))
    .option('--all', 'every open dead letter')
    .action(async (ids: string[], options: FilterOptions & { readonly all?: boolean }) => {
      const api = await context.api();
      const chosen = ids.length > 0 ? ids : await idsOf(api, options);
      const results = [];
      for (const id of chosen) {
        results.push(await api.post<{ id: string; state: string }>(`${path}/${segment(id)}/replay`));
      }
      context.output().show(results, () => `Replayed ${counted(results.length)}.`);
    });

  dlq
    .command('discard <ids...>')
    .description('decide that events shall not take effect; their content is removed')
    .requiredOption('--note <text>', 'why; kept with your name')
    .action(async (ids: string[], options: { readonly note: string }) => {
      const api = await context.api();
      const results = [];
      for (const id of ids) {
        const result = await api.post<{ id: string; state: string }>(`${path}/${segment(id)}/discard`, {
          note: options.note,
        });
        results.push(result);
      }
      context.output().show(results, () => `Discarded ${counted(results.length)}.`);
    });

  function noteUnavailable({ output, setExitCode }: CommandContext, page: DeadLetterPage): void {
    if (page.unavailable === undefined || page.unavailable.length === 0) return;
    output().note(`Missing here, because they did not answer: ${page.unavailable.join(', ')}`);
    setExitCode(exitCodes.unavailable);
  }

  async function idsOf(
    api: ApiClient,
    { all, ...filter }: FilterOptions & { readonly all?: boolean },
  ): Promise<string[]> {
    if (all !== true && Object.values(filter).every((value) => value === undefined)) {
      throw new CliError('Say which: ids, a filter such as --topic or --reason, or --all.', {
        code: 'nothing-chosen',
        exitCode: exitCodes.wrongUsage,
      });
    }
    const page = await readDeadLetters(api, { ...filter, state: 'open' }, { all: true, limit: 200 });
    noteUnavailable(context, page);
    return page.items.map(({ id }) => id);
  }
}

function withFilter(command: Command): Command {
  return command
    .option('--service <name>', 'only of this service')
    .option('--topic <name>', 'only of this topic')
    .option('--group <name>', 'only of this consumer group')
    .addOption(new Option('--reason <reason>', 'only for this reason').choices(reasons));
}

function readDeadLetters(api: ApiClient, filter: FilterOptions, list: ListOptions): Promise<DeadLetterPage> {
  const { service, topic, group, reason, state } = filter;
  return readList<DeadLetter>(api, { path, query: { service, topic, group, reason, state } }, list);
}

function describe(letter: DeadLetterDetails): string {
  const head = fields([
    ['Id', letter.id],
    ['State', letter.state],
    ['Group', letter.group],
    ['Topic', `${letter.topic}, partition ${letter.partition}, offset ${letter.offset}`],
    ['Key', letter.key],
    ['Event', letter.eventId],
    ['Published', time(letter.publishedAt)],
    ['Reason', `${letter.reason}, at ${letter.stage}, after ${letter.attempts} attempts`],
    ['Error', [letter.errorClass, letter.errorCode].filter((part) => part !== null).join(' ')],
    ['Message', letter.message],
    ['First seen', time(letter.firstSeenAt)],
    ['Last seen', time(letter.lastSeenAt)],
  ]);
  const headers = fields(Object.entries(letter.headers));
  const actions = letter.actions.map(
    ({ action, actor, note, at }) =>
      `${time(at)} ${action} by ${printable(actor)}${note === '' ? '' : `: ${printable(note)}`}`,
  );
  const sections = [head, `Headers\n${headers}`];
  if (actions.length > 0) sections.push(`Actions\n${actions.join('\n')}`);
  sections.push(valueLine(letter));
  return sections.join('\n\n');
}

function valueLine({ value, state }: DeadLetterDetails): string {
  if (value === undefined) return 'Value: not shown to this API key, which lacks the scope records:read';
  if (value !== null) return `Value: ${Buffer.from(value, 'base64').length} bytes; --json prints them in base64`;
  return state === 'resolved' || state === 'discarded' ? 'Value: removed' : 'Value: none, it is a tombstone';
}

function shortened(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

function counted(count: number): string {
  return count === 1 ? '1 dead letter' : `${count} dead letters`;
}
