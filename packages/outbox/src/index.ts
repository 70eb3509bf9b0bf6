export type { Backoff } from './backoff.ts';
export { canarySubscription, canaryTenant, createCanaryWatch } from './canary.ts';
export { type Consumer, type ConsumerOptions, type ConsumerSubscription, createConsumer } from './consumer.ts';
export type { DeadLetterState } from './dead-letter-store.ts';
export {
  createDeadLetters,
  type DeadLetter,
  type DeadLetterAction,
  type DeadLetterActor,
  type DeadLetterDetails,
  type DeadLetterFilter,
  type DeadLetterPage,
  type DeadLetters,
} from './dead-letters.ts';
export type { RetryPauses } from './event-application.ts';
export type { Handle } from './event-attempt.ts';
export type { FailPoint } from './fail-point.ts';
export { classifyFailure, type FailureKind, type FailureReason, type FailureStage } from './failure.ts';
export { createLatch, type Latch } from './latch.ts';
export { outboxMigrationsFolder } from './migrations-folder.ts';
export { appendToOutbox, laneHeader } from './outbox-append.ts';
export { createOutboxDispatcher, type OutboxDispatcher, type OutboxDispatcherOptions } from './outbox-dispatcher.ts';
export { OutboxError, type OutboxErrorCode } from './outbox-error.ts';
export { beginRebuild, type Rebuild } from './rebuild.ts';
export { guardVersions, type SubjectVersion } from './version-guard.ts';
