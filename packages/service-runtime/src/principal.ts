import { ProblemError } from './problem.ts';

/** Everything that a caller may be allowed to do. A route names the one it needs. */
export const scopes = [
  'connections:read',
  'connections:write',
  'records:read',
  'clusters:read',
  'reviews:write',
  'models:write',
  'changes:read',
  'changes:write',
  'changes:approve',
  'changes:apply',
  'safety:read',
  'safety:write',
  'quality:read',
  'quality:write',
  'audit:read',
  'audit:write',
  'kpis:read',
  'kpis:write',
  'events:read',
  'sync:write',
  'dead-letters:read',
  'dead-letters:write',
  'admin',
] as const;

export type Scope = (typeof scopes)[number];

/** Scope of a route that any caller with credentials may use; what the caller may do there is decided elsewhere. */
export const anyScope = '*';

/** Scope of a route that anybody may call without credentials: whoever serves it finds out by other means who calls. */
export const openScope = '-';

/** Who calls: always on behalf of exactly one tenant. */
export interface Principal {
  readonly tenantId: string;
  /** For logs and audit: `api-key:<id>`. */
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
}

/** Finds out who sent a request with these headers, or throws a `ProblemError` with status 401. */
export type Authenticator = (headers: Readonly<Record<string, unknown>>) => Promise<Principal>;

/** Throws a 403 problem unless the principal holds the scope. */
export function requireScope(principal: Principal, scope: string): void {
  if (scope === anyScope || principal.scopes.has(scope)) return;
  throw new ProblemError({
    status: 403,
    code: 'missing-scope',
    detail: `This needs the scope ${scope}, which the credentials do not have.`,
  });
}

/** The answer to a request without valid credentials. The reason stays general: details would help guessing. */
export function unauthenticated(detail: string, cause?: unknown): ProblemError {
  return new ProblemError({
    status: 401,
    code: 'unauthenticated',
    detail,
    headers: { 'www-authenticate': 'Bearer' },
    cause,
  });
}
