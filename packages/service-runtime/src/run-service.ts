import { deadLetterTopics, topicCatalogue } from '@kempt/contracts';
import { createLogger, createMetrics, type Logger } from '@kempt/telemetry';
import { ConfigError } from './config-problem.ts';
import { openEventBus } from './open-event-bus.ts';
import type { ServiceDefinition } from './runtime.ts';
import type { RuntimeConfig } from './runtime-config.ts';
import { currentHost, type ServiceHost } from './service-host.ts';
import { migrateService } from './service-migrations.ts';
import { findServicePackage } from './service-package.ts';
import { loadServiceConfig, ownsEvents, type RunningService, startService } from './start-service.ts';

/**
 * The whole of a service's main file. Without an argument it serves until it is told to stop: by SIGTERM or SIGINT in a
 * process, by the message `{ type: 'stop' }` in a worker thread, which in turn posts `{ type: 'ready', url }` once it
 * serves. With the argument `migrate` it applies the migrations and ends; with `topics` it creates the topics that are missing and ends.
 */
export async function runService<C>(definition: ServiceDefinition<C>): Promise<void> {
  const host = currentHost(definition.name);
  const command = host.args[0];
  if (command === 'migrate') return doAndEnd(definition, host, migrateSchema);
  if (command === 'topics') return doAndEnd(definition, host, createTopics);
  if (command !== undefined) {
    host.failed(
      `${definition.name}: "${command}" is not known here. Without an argument it serves; others are migrate and topics.`,
    );
    return host.end(2);
  }
  await serveUntilStopped(definition, host);
}

interface Work<C> {
  readonly definition: ServiceDefinition<C>;
  readonly config: RuntimeConfig & C;
  readonly logger: Logger;
  readonly entry: string | undefined;
}

async function doAndEnd<C>(
  definition: ServiceDefinition<C>,
  host: ServiceHost,
  work: (parts: Work<C>) => Promise<void>,
): Promise<void> {
  try {
    const config = loadServiceConfig(definition, host.environment);
    const logger = createLogger({ service: definition.name, level: config.logLevel });
    await work({ definition, config, logger, entry: host.entry });
    host.end(0);
  } catch (error) {
    host.failed(messageOf(definition.name, error));
    host.end(1);
  }
}

async function migrateSchema<C>({ definition, config, logger, entry }: Work<C>): Promise<void> {
  await migrateService({
    service: definition.name,
    usesEvents: ownsEvents(definition),
    usesBus: definition.usesEvents !== false,
    config,
    migrationsFolder: definition.migrationsFolder ?? findServicePackage(definition.name, entry).migrationsFolder,
    logger,
  });
}

/** Every topic of the catalogue and of dead letters: a service that starts later finds those that it reads, too. */
async function createTopics<C>({ definition, config, logger }: Work<C>): Promise<void> {
  const bus = await openEventBus({ service: definition.name, config, logger, metrics: createMetrics(definition.name) });
  try {
    const topics = [...topicCatalogue, ...deadLetterTopics];
    await bus.ensureTopics(topics);
    logger.info({ topics: topics.length }, 'topics are there');
  } finally {
    await bus.close();
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
