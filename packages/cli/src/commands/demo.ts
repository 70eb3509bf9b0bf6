import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';

interface DemoFlags {
  readonly controlUrl: string;
  readonly metricsUrl: readonly string[];
  readonly seed: string;
  readonly changes: boolean;
}

/** `kempt demo`: shows a Kempt over the simulated CRMs at work, and fails when anything is not as it should be. */
export function addDemoCommand(program: Command, context: CommandContext): void {
  program
    .command('demo')
    .description(
      'show a Kempt that is connected to the simulated CRMs at work: first sync, scores, changes and their undo',
    )
    .requiredOption('--control-url <url>', 'control API of the simulated CRMs, such as http://simulators:8083')
    .option(
      '--metrics-url <url>',
      'the /metrics of a service, once for each service: they tell when all events have been taken in',
      (url: string, before: readonly string[]) => [...before, url],
      [],
    )
    .option('--seed <seed>', 'what the simulated CRMs were filled from', 'kempt')
    .option('--no-changes', 'only read')
    .action(async (flags: DemoFlags) => {
      const { url, apiKey } = await context.access();
      // Loaded only here, with the simulators' truth: no other command has a use for it.
      const { runDemonstration } = await import('@kempt/demonstration');
      const interrupted = new AbortController();
      await runDemonstration({
        apiUrl: url,
        apiKey,
        controlUrl: flags.controlUrl,
        metricsUrls: flags.metricsUrl,
        seed: flags.seed,
        withChanges: flags.changes,
        print: context.print,
        signal: context.signal ?? interrupted.signal,
      }).catch((error: unknown) => {
        throw demonstrationFailed(error);
      });
    });
}

function demonstrationFailed(error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CliError(reason, { code: 'demonstration-failed', exitCode: exitCodes.failed, cause: error });
}
