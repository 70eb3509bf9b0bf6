import type { Command } from 'commander';
import { segment } from '../api-client.ts';
import type { CommandContext } from '../command-context.ts';
import { printable } from '../output.ts';
import { fields } from '../output-table.ts';

interface Identity {
  readonly asked: string;
  readonly goldenId: string;
  readonly entityKind: string;
  readonly members: readonly string[];
}

/** `kempt ids`: what an identity means today. */
export function addIdsCommand(program: Command, context: CommandContext): void {
  program
    .command('ids <ref>')
    .description('find the golden ID of a record, or what a golden ID stands for today')
    .action(async (ref: string) => {
      const identity = await (await context.api()).get<Identity>(`/v1/ids/${segment(ref)}`);
      context.output().show(identity, () => {
        const head = fields([
          ['Golden ID', identity.goldenId],
          [
            'Superseded',
            identity.asked !== identity.goldenId && !identity.asked.includes(':') ? identity.asked : undefined,
          ],
          ['Kind', identity.entityKind],
        ]);
        return `${head}\n\nRecords\n${identity.members.map(printable).join('\n')}`;
      });
    });
}
