export type { HousekeepingReport } from './housekeeping.ts';
export { type MigratePostgresEventBusOptions, migratePostgresEventBus } from './migration.ts';
export {
  type BusLogger,
  createPostgresEventBus,
  type PostgresEventBus,
  type PostgresEventBusOptions,
} from './postgres-event-bus.ts';
