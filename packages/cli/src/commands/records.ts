import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import type { CommandContext } from '../command-context.ts';
import { time } from '../output.ts';
import { fields } from '../output-table.ts';

interface RecordBody {
  readonly ref: string;
  readonly version: number;
  readonly modifiedAt: string;
  readonly modifiedBy?: string;
  readonly deleted: boolean;
  readonly mergedInto?: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly canonical: Readonly<Record<string, unknown>> | null;
}

/** `kempt records`: what the mirror knows of a CRM record. */
export function addRecordsCommands(program: Command, context: CommandContext): void {
  const records = program.command('records').description('records of the connected CRMs');
  records
    .command('get <ref>')
    .description('show a record, such as sf:00D5g000004aBcD:Contact:0035g00000XyZab')
    .action(async (ref: string) => {
      const record = await (await context.api()).get<RecordBody>(`/v1/records/${segment(ref)}`);
      context.output().show(record, () => {
        const head = fields([
          ['Record', record.ref],
          ['Version', record.version],
          [
            'Modified',
            `${time(record.modifiedAt)}${record.modifiedBy === undefined ? '' : ` by ${record.modifiedBy}`}`,
          ],
          ['Deleted', record.deleted ? 'yes' : undefined],
          ['Merged into', record.mergedInto],
        ]);
        const sections = [head, `Fields\n${fields(cellsOf(record.fields))}`];
        if (record.canonical !== null) sections.push(`Canonical\n${fields(cellsOf(flattened(record.canonical)))}`);
        return sections.join('\n\n');
      });
    });
}

function cellsOf(values: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(values)
    .toSorted(([left], [right]) => left.localeCompare(right))
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
}

/** `{ person: { familyName } }` as `person.familyName`. */
function flattened(value: Readonly<Record<string, unknown>>, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) =>
      typeof item === 'object' && item !== null && !Array.isArray(item)
        ? Object.entries(flattened(item as Record<string, unknown>, `${prefix}${name}.`))
        : [[`${prefix}${name}`, item]],
    ),
  );
}
