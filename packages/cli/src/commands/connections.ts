import type { Command } from 'commander';
import { type ApiClient, segment } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import { type CommandContext, type ListOptions, readList } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';
import { noteNextPage, withListOptions } from '../list-options.ts';
import { table } from '../output-table.ts';

interface Connection {
  readonly id: string;
  readonly account: string;
  readonly system: string;
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
  readonly objects: readonly { readonly object: string; readonly backfilled: boolean; readonly recordsRead: number }[];
}

interface AddOptions {
  readonly name?: string;
  readonly objects?: string;
}

interface SalesforceOptions extends AddOptions {
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecretFile?: string;
  readonly username?: string;
  readonly privateKeyFile?: string;
  readonly audience?: string;
}

interface HubspotOptions extends AddOptions {
  readonly tokenFile?: string;
  readonly baseUrl?: string;
}

const path = '/v1/connections';

/** `kempt connections`: the CRM accounts that Kempt reads. Secrets come from files, standard input or the environment. */
export function addConnectionsCommands(program: Command, context: CommandContext): void {
  const connections = program.command('connections').description('the CRM accounts that are connected');

  withListOptions(connections.command('list').description('list connections and where they stand')).action(
    async (options: ListOptions) => {
      const page = await readList<Connection>(await context.api(), { path, query: {} }, options);
      const output = context.output();
      output.show(page, () =>
        table(
          ['id', 'account', 'name', 'status', 'objects', 'records', 'reason'],
          page.items.map((connection) => [
            connection.id,
            connection.account,
            connection.name,
            connection.status,
            `${connection.objects.filter((one) => one.backfilled).length}/${connection.objects.length}`,
            connection.objects.reduce((sum, one) => sum + one.recordsRead, 0),
            connection.reason,
          ]),
          'No connections. Add one by: kempt connections add salesforce, or: kempt connections add hubspot',
        ),
      );
      noteNextPage(output, page);
    },
  );

  const add = connections.command('add').description('connect a CRM account');

  withAddOptions(add.command('salesforce').description('connect a Salesforce org'))
    .requiredOption('--login-url <url>', 'https://<my domain>.my.salesforce.com')
    .requiredOption('--client-id <id>', 'consumer key of the connected app')
    .option('--client-secret-file <file>', 'its secret; - is standard input; default: KEMPT_CLIENT_SECRET')
    .option('--username <name>', 'for JWT bearer: whom to act as')
    .option('--private-key-file <file>', 'for JWT bearer: RSA key in PEM; - is standard input')
    .option('--audience <url>', 'for JWT bearer: https://test.salesforce.com for a sandbox')
    .action(async (options: SalesforceOptions) => {
      await create({
        system: 'salesforce',
        ...addBody(options),
        loginUrl: options.loginUrl,
        credentials: await salesforceCredentials(options),
      });
    });

  withAddOptions(add.command('hubspot').description('connect a HubSpot portal'))
    .option('--token-file <file>', 'token of a private app; - is standard input; default: KEMPT_ACCESS_TOKEN')
    .option('--base-url <url>', 'default: https://api.hubapi.com')
    .action(async (options: HubspotOptions) => {
      const accessToken = await secret(options.tokenFile, 'KEMPT_ACCESS_TOKEN', '--token-file');
      await create({
        system: 'hubspot',
        ...addBody(options),
        ...(options.baseUrl !== undefined && { baseUrl: options.baseUrl }),
        credentials: { grant: 'private-app-token', accessToken },
      });
    });

  connections
    .command('remove <connection>')
    .description('stop reading an account, by id or account, and forget its credentials; what was read stays')
    .option('--delete-data', 'also delete what was read; by id when the connection is removed already')
    .action(async (which: string, options: { readonly deleteData?: boolean }) => {
      const api = await context.api();
      const id = which.includes(':') ? await idOfAccount(api, which) : which;
      const deletesData = options.deleteData === true;
      await api.delete(`${path}/${segment(id)}${deletesData ? '?data=delete' : ''}`);
      context
        .output()
        .show({ id, removed: true, deletesData }, () =>
          deletesData ? `Removed connection ${id}; its data is being deleted.` : `Removed connection ${id}.`,
        );
    });

  async function create(body: object): Promise<void> {
    const created = await (await context.api()).post<Connection>(path, body);
    context.output().show(created, () => `Connected ${created.account} (${created.name}) as ${created.id}.`);
  }

  async function salesforceCredentials(options: SalesforceOptions): Promise<object> {
    const { clientId, username, privateKeyFile, audience } = options;
    if (privateKeyFile === undefined) {
      const clientSecret = await secret(options.clientSecretFile, 'KEMPT_CLIENT_SECRET', '--client-secret-file');
      return { grant: 'client-credentials', clientId, clientSecret };
    }
    if (username === undefined) {
      throw new CliError('A private key needs --username: JWT bearer acts as a user.', {
        code: 'username-missing',
        exitCode: exitCodes.wrongUsage,
      });
    }
    const privateKey = await context.readText(privateKeyFile);
    return { grant: 'jwt-bearer', clientId, username, privateKey, ...(audience !== undefined && { audience }) };
  }

  /** Never from the command line itself, where every process of the machine could read it. */
  async function secret(file: string | undefined, variable: string, option: string): Promise<string> {
    const text = file === undefined ? context.env[variable] : await context.readText(file);
    if (text !== undefined && text !== '') return text;
    throw new CliError(`The secret is missing. Give it by ${option} <file> or in ${variable}.`, {
      code: 'secret-missing',
      exitCode: exitCodes.wrongUsage,
    });
  }
}

function withAddOptions(command: Command): Command {
  return command
    .option('--name <name>', 'what to call it; default: what the CRM calls itself')
    .option('--objects <names>', 'objects to read, separated by commas; default: the standard ones');
}

function addBody({ name, objects }: AddOptions): object {
  const names = objects?.split(',').map((object) => object.trim());
  return { ...(name !== undefined && { name }), ...(names !== undefined && { objects: names }) };
}

async function idOfAccount(api: ApiClient, account: string): Promise<string> {
  const { items } = await readList<Connection>(api, { path, query: {} }, { all: true, limit: 200 });
  const found = items.find((connection) => connection.account === account);
  if (found !== undefined) return found.id;
  throw new CliError(`No connection reads account ${account}. See: kempt connections list`, {
    code: 'not-found',
    exitCode: exitCodes.notFound,
  });
}
