import { Command, CommanderError } from 'commander';
import { createApiClient } from './api-client.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { exitCodes } from './exit-code.ts';
import { createOutput, printable } from './output.ts';

/** What the command needs of the process that it runs in. */
export interface CliOptions {
  /** What stands behind the name of the command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The text of a file, or of standard input for `-`. */
  readonly readText: (file: string) => Promise<string>;
  /** Ends the request or the work at hand. */
  readonly signal?: AbortSignal;
}

interface GlobalOptions {
  readonly url?: string;
  readonly json?: boolean;
}

const defaultUrl = 'http://127.0.0.1:8080';

/** Each group of commands adds itself; one file a group, by the name that it begins with. */
const groups = {
  status: async () => (await import('./commands/status.ts')).addStatusCommand,
  canary: async () => (await import('./commands/canary.ts')).addCanaryCommand,
  connections: async () => (await import('./commands/connections.ts')).addConnectionsCommands,
  records: async () => (await import('./commands/records.ts')).addRecordsCommands,
  clusters: async () => (await import('./commands/clusters.ts')).addClustersCommands,
  ids: async () => (await import('./commands/ids.ts')).addIdsCommand,
  models: async () => (await import('./commands/models.ts')).addModelsCommands,
  dlq: async () => (await import('./commands/dlq.ts')).addDlqCommands,
  evidence: async () => (await import('./commands/evidence.ts')).addEvidenceCommands,
  resolve: async () => (await import('./commands/resolve.ts')).addResolveCommand,
  compare: async () => (await import('./commands/compare.ts')).addCompareCommand,
  evaluate: async () => (await import('./commands/evaluate.ts')).addEvaluateCommand,
  provision: async () => (await import('./commands/provision.ts')).addProvisionCommand,
  demo: async () => (await import('./commands/demo.ts')).addDemoCommand,
} satisfies Record<string, () => Promise<(program: Command, context: CommandContext) => void>>;

/** Runs one command and resolves to its exit code. Never rejects. */
export async function runCli(options: CliOptions): Promise<number> {
  const { args, env, version, out, err, signal } = options;
  let exitCode: number = exitCodes.done;
  const program = new Command('kempt')
    .description('CRM maintenance for Salesforce and HubSpot')
    .version(version)
    .option('--url <url>', `where Kempt runs; default: KEMPT_URL, or ${defaultUrl}`)
    .option('--json', 'print JSON instead of tables')
    .exitOverride()
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => write(text.replace(/^error: /, 'kempt: ')),
    })
    .addHelpText('after', '\nThe API key is taken from KEMPT_API_KEY, or from the file that KEMPT_API_KEY_FILE names.');
  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const context: CommandContext = {
    env,
    print: (line) => out(`${line}\n`),
    access: async () => ({ url: urlOf(globals(), env), apiKey: await readApiKey(env, options.readText) }),
    ...(signal !== undefined && { signal }),
    readText: options.readText,
    output: () => createOutput({ json: globals().json === true, out, err }),
    api: async () =>
      createApiClient({
        url: urlOf(globals(), env),
        apiKey: await readApiKey(env, options.readText),
        version,
        ...(signal !== undefined && { signal }),
      }),
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  try {
    // What nobody asked for need not be loaded; without a known name all are needed, to tell of them.
    const named = Object.entries(groups).filter(([name]) => args.includes(name));
    const wanted = named.length > 0 ? named.map(([, load]) => load) : Object.values(groups);
    for (const load of wanted) (await load())(program, context);
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has written its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    if (error instanceof CliError) {
      err(`kempt: ${printable(error.message)}\n`);
      return error.exitCode;
    }
    err(`kempt: ${printable(error instanceof Error ? error.message : String(error))}\n`);
    return exitCodes.failed;
  }
}

function urlOf(globals: GlobalOptions, env: CliOptions['env']): string {
  return globals.url ?? (env.KEMPT_URL === undefined || env.KEMPT_URL === '' ? defaultUrl : env.KEMPT_URL);
}

async function readApiKey(env: CliOptions['env'], readText: CliOptions['readText']): Promise<string> {
  const { KEMPT_API_KEY: key = '', KEMPT_API_KEY_FILE: file = '' } = env;
  const apiKey = (file === '' ? key : await readText(file)).trim();
  if (/^[\x21-\x7e]+$/.test(apiKey)) return apiKey;
  throw new CliError(
    apiKey === ''
      ? 'No API key. Set KEMPT_API_KEY, or KEMPT_API_KEY_FILE to a file that holds it.'
      : 'The API key has characters that no key has. Check KEMPT_API_KEY.',
    { code: 'api-key-missing', exitCode: exitCodes.wrongUsage },
  );
}
