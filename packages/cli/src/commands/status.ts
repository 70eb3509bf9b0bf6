import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';
import { table } from '../output-table.ts';

interface Status {
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  readonly services: readonly {
    readonly name: string;
    readonly isReady: boolean;
    readonly version?: string;
    readonly reasons?: Readonly<Record<string, string>>;
  }[];
}

/** `kempt status`: whether every service works. Ends with 6 when one does not. */
export function addStatusCommand(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('whether every service is ready')
    .action(async () => {
      const status = await (await context.api()).get<Status>('/v1/status');
      context.output().show(status, () =>
        table(
          ['service', 'ready', 'version', 'reason'],
          status.services.map((service) => [
            service.name,
            service.isReady,
            service.version ?? '',
            Object.entries(service.reasons ?? {})
              .map(([component, reason]) => `${component}: ${reason}`)
              .join('; '),
          ]),
          'No services are part of this installation.',
        ),
      );
      if (status.status !== 'ok') context.setExitCode(exitCodes.unavailable);
    });
}
