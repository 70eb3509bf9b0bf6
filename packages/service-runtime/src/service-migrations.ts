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
  readonly config: Pick<RuntimeConfig, 'database' | 'migrations' | 'bus' | 'busDatabaseUrl' | 'busDatabaseAdminUrl'>;
  /** Whether the schema holds outbox and inbox. */
  readonly usesEvents: boolean;
  /** Whether the bus is prepared as well. Default: when the schema holds outbox and inbox. */
  readonly usesBus?: boolean;
  /** The service's own folder; those of outbox and inbox run before it. */
  readonly migrationsFolder: string | undefined;
  readonly logger: Logger;
}

function foldersOf({ usesEvents, migrationsFolder }: ServiceMigrationsOptions): readonly string[] {
  return [
    ...(usesEvents ? [outboxMigrationsFolder] : []),
    ...(migrationsFolder === undefined ? [] : [migrationsFolder]),
  ];
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
    role: roleOf(config.database.url, schema),
    folders: foldersOf(options),
    log: (line) => logger.info({ schema }, line),
  });
  if (options.usesBus ?? options.usesEvents) await migrateBusOf(options);
}

/** The tables of the Postgres bus, if that is the bus, and the right of this service to use them. */
export async function migrateBusOf({
  service,
  config,
  logger,
}: Pick<ServiceMigrationsOptions, 'service' | 'config' | 'logger'>): Promise<void> {
  if (config.bus !== 'postgres') return;
  const url = config.busDatabaseUrl ?? config.database.url;
  const isSameDatabase = placeOf(url) === placeOf(config.database.url);
  const adminUrl = config.busDatabaseAdminUrl ?? (isSameDatabase ? config.database.adminUrl : undefined);
  // Without the right to it, somebody else migrates the bus; readiness tells as long as nobody has.
  if (adminUrl === undefined) return;
  const { migratePostgresEventBus } = await import('@kempt/event-bus-postgres');
  await migratePostgresEventBus({
    adminUrl,
    roles: [roleOf(url, schemaOf(service))],
    log: (line) => logger.info({ schema: 'event_bus' }, line),
  });
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** Who the service logs in as gets to use what the migrations create. */
function roleOf(databaseUrl: string, schema: string): string {
  const user = URL.canParse(databaseUrl) ? decodeURIComponent(new URL(databaseUrl).username) : '';
  return user === '' ? `kempt_${schema}` : user;
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
