import { generateKeyPairSync } from 'node:crypto';
import { type Database, openDatabase, provisionSchemas } from '@kempt/postgres';
import { createServiceProcess, type ServiceProcess } from '../slice/service-process.ts';

export interface DedupeProcess {
  /** Not started yet. */
  readonly service: ServiceProcess;
  /** The tables of the service, as its own role sees them. */
  readonly database: Database;
}

/** The dedupe service as a process of its own on a real Kafka and a real Postgres, which gets its role and schema first. */
export async function prepareDedupe(options: {
  readonly adminUrl: string;
  /** Of the role; the same again where the database is used again. */
  readonly password: string;
  readonly brokers: readonly string[];
  readonly logFolder: string;
  readonly environment?: Readonly<Record<string, string>>;
}): Promise<DedupeProcess> {
  const { adminUrl, password, brokers, logFolder } = options;
  await provisionSchemas({ adminUrl, services: [{ schema: 'dedupe', role: 'kempt_dedupe', password }] });
  const url = new URL(adminUrl);
  url.username = 'kempt_dedupe';
  url.password = password;
  const { publicKey } = generateKeyPairSync('ed25519');
  const service = await createServiceProcess('dedupe', {
    logFolder,
    environment: {
      KEMPT_DATABASE_URL: url.href,
      KEMPT_DATABASE_ADMIN_URL: adminUrl,
      KEMPT_MIGRATIONS: 'on-start',
      KEMPT_BUS: 'kafka',
      KEMPT_KAFKA_BROKERS: brokers.join(','),
      KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      ...options.environment,
    },
  });
  const database = openDatabase({ url: url.href, schema: 'dedupe', applicationName: 'kempt-bench', maxConnections: 2 });
  return { service, database };
}
