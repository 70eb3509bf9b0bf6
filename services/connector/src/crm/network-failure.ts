import { CrmError, shortText } from './crm-error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was broken',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_SOCKET: 'the connection was broken',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
};

/** Failures before anything was sent. */
const unsent = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT']);

/** Failures that may pass by themselves; all others speak of the address. */
const passing = new Set(['EAI_AGAIN', 'ECONNRESET', 'ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT']);

/** The error of a call that got no whole answer. `pointer` is that of the address in the connection. */
export function networkFailure(error: unknown, crm: { readonly name: string; readonly pointer: string }): CrmError {
  if (error instanceof CrmError) return error;
  const { cause, name, message } = (error ?? {}) as { cause?: { code?: unknown }; name?: unknown; message?: unknown };
  const code = [cause?.code, name].find((text): text is string => typeof text === 'string') ?? 'UNKNOWN';
  return new CrmError({
    kind: 'unavailable',
    code,
    message: `${crm.name} cannot be reached: ${reasons[code] ?? shortText(message)}.`,
    pointer: passing.has(code) ? undefined : crm.pointer,
    mayBeDone: !unsent.has(code),
    cause: error,
  });
}
