import type { SchemaProvision } from '@kempt/postgres';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';

/** Those that have a schema. */
const services = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'] as const;

/** `kempt provision`: makes the roles and schemas of the services in a Postgres, or brings them in line. Needs no server. */
export function addProvisionCommand(program: Command, context: CommandContext): void {
  program
    .command('provision')
    .description('create the Postgres role and schema of each service, or set their passwords; safe to repeat')
    .addHelpText(
      'after',
      `
KEMPT_DATABASE_ADMIN_URL is a role that may create roles and schemas. The role and the password of a service are those of the
URL with which it logs in: ${services.map(variableOf).join(', ')}; services without one are
left alone. Each may be in a file instead, named by the variable with _FILE at its end.`,
    )
    .action(async () => {
      const adminUrl = await readSetting(context, 'KEMPT_DATABASE_ADMIN_URL');
      if (adminUrl === undefined) throw wrong('KEMPT_DATABASE_ADMIN_URL is not set.');
      const provisions: SchemaProvision[] = [];
      for (const service of services) {
        const url = await readSetting(context, variableOf(service));
        if (url !== undefined) provisions.push(provisionOf(service, url));
      }
      if (provisions.length === 0) throw wrong(`None of ${services.map(variableOf).join(', ')} is set.`);
      const { provisionSchemas } = await import('@kempt/postgres');
      await provisionSchemas({ adminUrl, services: provisions });
      for (const { schema, role } of provisions) context.print(`Schema ${schema} and role ${role} are there.`);
    });
}

/** `KEMPT_CONNECTOR_DATABASE_URL` */
function variableOf(service: string): string {
  return `KEMPT_${service.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`;
}

async function readSetting(context: CommandContext, name: string): Promise<string | undefined> {
  const file = context.env[`${name}_FILE`] ?? '';
  const text = (file === '' ? (context.env[name] ?? '') : await context.readText(file)).trim();
  return text === '' ? undefined : text;
}

function provisionOf(service: string, text: string): SchemaProvision {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const role = decodeURIComponent(url?.username ?? '');
  const password = decodeURIComponent(url?.password ?? '');
  if (role === '' || password === '') {
    throw wrong(`${variableOf(service)} must look like postgres://role:password@host:5432/kempt.`);
  }
  return { schema: service.replaceAll('-', '_'), role, password };
}

function wrong(message: string): CliError {
  return new CliError(message, { code: 'provision-setting', exitCode: exitCodes.wrongUsage });
}
