import type { ComponentChildren } from 'preact';
import { ApiProblem } from '../api/api.ts';
import type { Resource } from '../api/resource.ts';

/** Shows what was read; before that, that it is being read; and in words why it could not be. */
export function Shown<T>({
  resource,
  what,
  lines = 6,
  children,
}: {
  readonly resource: Resource<T>;
  /** For people: `proposals`. */
  readonly what: string;
  /** How much room is kept until it is there. */
  readonly lines?: number;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { value, error, reload } = resource;
  if (value !== undefined) {
    return (
      <>
        {error !== undefined && (
          <p class="problem" role="status">
            This may be out of date: {error.message}
          </p>
        )}
        {children(value)}
      </>
    );
  }
  if (error !== undefined) return <Failure error={error} what={what} onRetry={reload} />;
  return (
    <div class="waiting" role="status" aria-label={`Reading ${what}`}>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}

/** What stands below something of unknown height waits for it, so that it never moves. */
export function Then({
  after,
  children,
}: {
  readonly after: readonly Resource<unknown>[];
  readonly children: ComponentChildren;
}) {
  const isSettled = after.every(({ value, error }) => value !== undefined || error !== undefined);
  return isSettled ? <>{children}</> : null;
}

function Failure({
  error,
  what,
  onRetry,
}: {
  readonly error: Error;
  readonly what: string;
  readonly onRetry: () => void;
}) {
  const isMissing = error instanceof ApiProblem && (error.code === 'not-installed' || error.status === 404);
  const isForbidden = error instanceof ApiProblem && error.status === 403;
  return (
    <div class="empty" role="alert">
      <p>
        <strong>
          {isForbidden
            ? `This key may not see ${what}.`
            : isMissing
              ? `There is no such thing as these ${what}.`
              : `The ${what} could not be read.`}
        </strong>
      </p>
      <p>{error.message}</p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** Nothing is there, and what that means. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet';
