export type { Component } from './component.ts';
export { ConfigError, type ConfigProblem } from './config-problem.ts';
export type { Environment } from './config-source.ts';
export { type CursorCodec, type CursorScope, type CursorValue, createCursorCodec } from './cursor.ts';
export {
  DeadLetterDetailsSchema,
  DeadLetterNoteSchema,
  DeadLetterPageSchema,
  DeadLetterParamsSchema,
  DeadLetterQuerySchema,
  DeadLetterResultSchema,
  DeadLetterSchema,
} from './dead-letter-schema.ts';
export { type AwaitDependencyOptions, awaitDependency } from './dependency.ts';
export { ListenError } from './front-server.ts';
export {
  createHttpServer,
  type HttpServer,
  type HttpServerOptions,
  type OpenApiDocument,
  tenantOf,
} from './http-server.ts';
export {
  bearerTokenOf,
  createInternalTokenAuthenticator,
  createInternalTokenSigner,
  InternalTokenKeyError,
  type InternalTokenSigner,
  internalTokenLifetimeSeconds,
  internalTokenPublicKey,
} from './internal-token.ts';
export {
  createLifecycle,
  type Lifecycle,
  type LifecycleOptions,
  type LifecycleState,
  StartError,
  type StopReport,
} from './lifecycle.ts';
export { type LoadConfigOptions, loadConfig } from './load-config.ts';
export { openEventBus } from './open-event-bus.ts';
export { openWireFormat, type WireFormatConfig } from './open-wire-format.ts';
export {
  type Authenticator,
  anyScope,
  openScope,
  type Principal,
  requireScope,
  type Scope,
  scopes,
  unauthenticated,
} from './principal.ts';
export {
  notFound,
  type Problem,
  ProblemError,
  type ProblemOptions,
  ProblemSchema,
  problemContentType,
} from './problem.ts';
export { createRepeatedWork, type RepeatedWork, type RepeatedWorkOptions } from './repeated-work.ts';
export { runService } from './run-service.ts';
export type { Runtime, ServiceDefinition } from './runtime.ts';
export { type RuntimeConfig, runtimeConfigSchema } from './runtime-config.ts';
export type { ServiceMessage, StopMessage } from './service-host.ts';
export { migrateService, schemaOf } from './service-migrations.ts';
export { environmentName, type Setting, settingsOf } from './setting.ts';
export { settingsTable, tableCells } from './settings-table.ts';
export {
  loadServiceConfig,
  type RunningService,
  type StartServiceOptions,
  serviceConfigSchema,
  startService,
} from './start-service.ts';
