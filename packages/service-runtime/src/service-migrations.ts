import { outboxMigrationsFolder } from '@kempt/outbox';
import { checkMigrations, type Database, migrate } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import type { RuntimeConfig } from './runtime-config.ts';

/** Schema of a service: its name with `_` for `-`. */
export function schemaOf(service: string): string {
  return service.replaceAll('-', '_');
}

export interface ServiceMigrationsOptions {
  readonly service: string;
  readonly config: Pick<RuntimeConfig, 'database' | 'migrations'>;
  /** The service's own folder; those of outbox and inbox run before it. */
  readonly migrationsFolder: string | undefined;
  readonly logger: Logger;
}

function foldersOf({ migrationsFolder }: ServiceMigrationsOptions): readonly string[] {
  return migrationsFolder === undefined ? [outboxMigrationsFolder] : [outboxMigrationsFolder, migrationsFolder];
}

/** Applies everything that the schema of the service lacks. Throws when there is no admin URL. */
export async function migrateService(options: ServiceMigrationsOptions): Promise<void> {
  const { service, config, logger } = options;
  const adminUrl = config.database.adminUrl;
  if (adminUrl === undefined) {
    throw new Error(
      'Migrations need KEMPT_DATABASE_ADMIN_URL: the URL of a role that may create objects in the schema.',
    );
  }
  const schema = schemaOf(service);
  await migrate({
    adminUrl,
    schema,
    role: `kempt_${schema}`,
    folders: foldersOf(options),
    log: (line) => logger.info({ schema }, line),
  });
}

/**
 * Brings the schema up to date, or holds it against what this release needs, as KEMPT_MIGRATIONS says. Missing migrations
 * are retriable: whoever runs them may just not have come to it yet.
 */
export async function prepareSchema(
  options: ServiceMigrationsOptions & { readonly database: Database },
): Promise<void> {
  if (options.config.migrations === 'on-start') await migrateService(options);
  if (options.config.migrations === 'check') {
    await checkMigrations(options.database, foldersOf(options)).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 'migrations-missing') throw error;
      throw Object.assign(new Error((error as Error).message, { cause: error }), { retriable: true });
    });
  }
}
