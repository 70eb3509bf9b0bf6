export type { Database, Listener, Transaction, TransactionOptions } from './database.ts';
export { DatabaseError, type DatabaseErrorCode, findDatabaseError } from './database-error.ts';
export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './embedded-error.ts';
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-server.ts';
export { checkMigrations, type MigrateOptions, MigrationError, migrate } from './migrations.ts';
export { type OpenDatabaseOptions, openDatabase } from './pool-database.ts';
export { type ProvisionSchemasOptions, provisionSchemas, type SchemaProvision } from './provisioning.ts';
export {
  createTestSchema,
  startTestDatabase,
  type TestDatabase,
  type TestSchema,
  type TestSchemaOptions,
} from './test-database.ts';
