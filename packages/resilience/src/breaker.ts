import CircuitBreaker from 'opossum';
import { CancelledCall } from './bounded-call.ts';
import type { Clock } from './clock.ts';
import { PolicyError } from './policy-error.ts';

export interface BreakerOptions {
  /** Opens when more than this share of the calls in the window failed. Default 50. */
  readonly errorThresholdPercentage?: number;
  /** Never opens before so many calls in the window. Default 10. */
  readonly minimumCalls?: number;
  /** Default 10,000. */
  readonly windowMs?: number;
  /** How long an open breaker refuses calls before it lets one through to try. Default 10,000. */
  readonly resetMs?: number;
  /** Whether an error says that the dependency is in trouble. Default `isDependencyFailure`. */
  readonly isFailure?: (error: unknown) => boolean;
}

export type BreakerState = 'closed' | 'half-open' | 'open';

export interface Breaker {
  state(): BreakerState;
  /** Runs the call, or throws `breaker-open` at once. */
  fire<T>(call: () => Promise<T>): Promise<T>;
  close(): void;
}

/**
 * A refusal of our request is an answer of a healthy dependency: status 4xx, or an error that says `retriable: false`. Too
 * many requests (429) is one as well; the rate is what answers that. A request that timed out (408) is not.
 */
export function isDependencyFailure(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return true;
  const { status, statusCode, retriable } = error as { status?: unknown; statusCode?: unknown; retriable?: unknown };
  const code = typeof status === 'number' ? status : statusCode;
  if (typeof code === 'number') return code === 408 || code < 400 || code >= 500;
  return retriable !== false;
}

export interface CreateBreakerOptions extends BreakerOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly onState: (state: BreakerState) => void;
}

export function createBreaker(options: CreateBreakerOptions): Breaker {
  const { name, clock, onState, isFailure = isDependencyFailure, resetMs = 10_000 } = options;
  let openedAt = 0;

  // A cancelled call says nothing about the dependency. As the one trial of a half-open circuit it must not close it.
  const countsAsFailure = (error: unknown): boolean =>
    error instanceof CancelledCall ? circuit.halfOpen : isFailure(error);

  const circuit: CircuitBreaker<[() => Promise<unknown>]> = new CircuitBreaker(
    (call: () => Promise<unknown>) => call(),
    {
      name,
      timeout: false,
      errorThresholdPercentage: options.errorThresholdPercentage ?? 50,
      volumeThreshold: options.minimumCalls ?? 10,
      rollingCountTimeout: options.windowMs ?? 10_000,
      resetTimeout: resetMs,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      errorFilter: (error: unknown) => !countsAsFailure(error),
    },
  );
  circuit.on('open', () => {
    openedAt = clock.now();
    onState('open');
  });
  circuit.on('halfOpen', () => onState('half-open'));
  circuit.on('close', () => onState('closed'));

  return {
    state: () => (circuit.opened ? 'open' : circuit.halfOpen ? 'half-open' : 'closed'),
    async fire<T>(call: () => Promise<T>): Promise<T> {
      try {
        return (await circuit.fire(call)) as T;
      } catch (error) {
        if (!(error instanceof Error) || !CircuitBreaker.isOurError(error)) throw error;
        if (circuit.isShutdown) throw new PolicyError('policy-closed', `${name}: the policy was closed.`);
        const waitMs = Math.max(0, resetMs - (clock.now() - openedAt));
        throw new PolicyError('breaker-open', `${name} failed too often and is left alone for a while.`, waitMs);
      }
    },
    close: () => circuit.shutdown(),
  };
}
