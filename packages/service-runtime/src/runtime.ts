import type { WireFormat } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import type { Database } from '@kempt/postgres';
import type { Logger, Metrics } from '@kempt/telemetry';
import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { Component } from './component.ts';
import type { ConfigProblem } from './config-problem.ts';
import type { CursorCodec } from './cursor.ts';
import type { HttpServer, OpenApiDocument } from './http-server.ts';
import type { Authenticator } from './principal.ts';
import type { RuntimeConfig } from './runtime-config.ts';

/** Everything that a service gets from the runtime. When `build` is called, database and bus answer and are migrated. */
export interface Runtime<C = unknown> {
  readonly name: string;
  readonly version: string;
  readonly config: RuntimeConfig & C;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly database: Database;
  /** Rejects every call in a service that does not use events. */
  readonly bus: EventBus;
  readonly wireFormat: WireFormat;
  /** Routes are added in `build`. Those under `/v1` need `config: { scope }` and a response schema. */
  readonly http: HttpServer;
  readonly cursors: CursorCodec;
  /** Aborted when the service begins to stop. */
  readonly signal: AbortSignal;
  /** The tenant on whose behalf a request under `/v1` is made. */
  tenantOf(request: FastifyRequest): string;
  /** Replaces the verification of internal tokens under `/v1`: only the gateway knows callers by other means. */
  authenticateBy(authenticator: Authenticator): void;
  /** Changes what `/openapi.json` says; gets the document of the service's own routes. */
  describeBy(describe: (own: OpenApiDocument) => Promise<OpenApiDocument>): void;
  /** Runs when the service stops, after its components have; the last added runs first. */
  onShutdown(fn: () => void | Promise<void>): void;
}

/** What makes one service differ from another. */
export interface ServiceDefinition<C = unknown> {
  /** Kebab case; also the name of its consumer group and, with `_`, of its schema. */
  readonly name: string;
  /** One sentence, for OpenAPI. */
  readonly description?: string;
  /** Settings of this service beside the common ones: an object schema whose keys the common ones do not use. */
  readonly configSchema?: TSchema;
  /** Rules between settings. */
  readonly configRules?: (config: RuntimeConfig & C) => readonly ConfigProblem[];
  /** Default: `migrations` in the package of the main file. */
  readonly migrationsFolder?: string;
  /**
   * False for a service that neither publishes nor consumes events: it opens no bus, has no outbox and no dead letters,
   * and is ready without the bus. `optional` for one that reads events on the side: it gets the bus, which may be away at
   * any time without making it less ready, and still has no outbox and no dead letters. Default true.
   */
  readonly usesEvents?: boolean | 'optional';
  /** Adds routes and gives the components to start, in this order. */
  build(runtime: Runtime<C>): Promise<readonly Component[]> | readonly Component[];
}
