import { fileURLToPath } from 'node:url';

/** Holds the migrations of outbox, inbox, parked events and dead letters; a service runs them before its own. */
export const outboxMigrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url));
