import { createLogger, type Logger } from '@kempt/telemetry';
import { ConfigError } from './config-problem.ts';
import type { ServiceDefinition } from './runtime.ts';
import { currentHost, type ServiceHost } from './service-host.ts';
import { migrateService } from './service-migrations.ts';
import { findServicePackage } from './service-package.ts';
import { loadServiceConfig, ownsEvents, type RunningService, startService } from './start-service.ts';

/**
 * The whole of a service's main file. Without an argument it serves until it is told to stop: by SIGTERM or SIGINT in a
 * process, by the message `{ type: 'stop' }` in a worker thread, which in turn posts `{ type: 'ready', url }` once it
 * serves. With the argument `migrate` it applies the migrations and ends.
 */
export async function runService<C>(definition: ServiceDefinition<C>): Promise<void> {
  const host = currentHost(definition.name);
  if (host.args[0] === 'migrate') return migrateAndEnd(definition, host);
  await serveUntilStopped(definition, host);
}

async function migrateAndEnd<C>(definition: ServiceDefinition<C>, host: ServiceHost): Promise<void> {
  try {
    const config = loadServiceConfig(definition, host.environment);
    const migrationsFolder =
      definition.migrationsFolder ?? findServicePackage(definition.name, host.entry).migrationsFolder;
    const logger = createLogger({ service: definition.name, level: config.logLevel });
    await migrateService({
      service: definition.name,
      usesEvents: ownsEvents(definition),
      usesBus: definition.usesEvents !== false,
      config,
      migrationsFolder,
      logger,
    });
    host.end(0);
  } catch (error) {
    host.failed(messageOf(definition.name, error));
    host.end(1);
  }
}

async function serveUntilStopped<C>(definition: ServiceDefinition<C>, host: ServiceHost): Promise<void> {
  const starting = new AbortController();
  let running: RunningService | undefined;
  let asked = false;
  let isDefective = false;

  // After a defect nobody knows what state the service is in: it says so, finishes what it can, and is started afresh.
  function onDefect(error: unknown): void {
    isDefective = true;
    if (running !== undefined) logDefect(running.logger, error);
    host.failed(messageOf(definition.name, error));
    if (running === undefined) starting.abort(error);
    else stopDefective(running, host);
  }
  process.once('uncaughtException', onDefect);
  process.once('unhandledRejection', onDefect);

  host.onStop(
    (reason) => {
      asked = true;
      starting.abort(new Error(`${definition.name} was told to stop (${reason})`));
      if (running !== undefined) void stopAndEnd(running, reason, host);
    },
    () => host.end(1),
  );
  try {
    running = await startService(definition, {
      environment: host.environment,
      entry: host.entry,
      signal: starting.signal,
    });
  } catch (error) {
    if (isDefective) return host.end(1);
    if (asked) return host.end(0);
    host.failed(messageOf(definition.name, error));
    return host.end(1);
  }
  if (isDefective) return stopDefective(running, host);
  if (asked) return stopAndEnd(running, 'stop', host);
  host.ready(running.url);
}

async function stopAndEnd(running: RunningService, reason: string, host: ServiceHost): Promise<void> {
  const { logger } = running;
  logger.info({ reason }, 'service is stopping');
  const { unfinished, failed } = await running.stop();
  const [overdue] = unfinished;
  if (overdue !== undefined) {
    host.failed(`${running.name} did not stop in time (KEMPT_STOP_TIMEOUT_MS): ${overdue} was still at work.`);
  }
  logger.info({ unfinished, failed }, 'service has stopped');
  host.end(unfinished.length + failed.length === 0 ? 0 : 1);
}

function stopDefective(running: RunningService, host: ServiceHost): void {
  void running.stop().finally(() => host.end(1));
}

function logDefect(logger: Logger, error: unknown): void {
  logger.fatal({ err: error }, 'uncaught error; the service ends');
}

function messageOf(service: string, error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  return `${service}: ${error instanceof Error ? error.message : String(error)}`;
}
