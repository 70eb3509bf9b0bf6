import type { SimulatorRequest } from '../http/http-server.ts';
import type { SalesforceObject } from './object-definition.ts';
import type { JsonValue } from './record-json.ts';
import type { SalesforceSession } from './salesforce-auth.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

export interface RestCall {
  readonly request: SimulatorRequest;
  readonly params: Readonly<Record<string, string>>;
  /** `v62.0` */
  readonly version: string;
  readonly session: SalesforceSession;
}

export type RestAnswer =
  | {
      readonly status: number;
      /** Absent for an answer without a body. */
      readonly json?: JsonValue;
    }
  | { readonly status: number; readonly text: string; readonly contentType: string };

export type RestHandler = (call: RestCall) => RestAnswer;

export const resourceNotFound = () => new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');

export function needObject(store: SalesforceStore, name: string): SalesforceObject {
  const object = store.object(name);
  if (object === undefined) throw resourceNotFound();
  return object;
}

export function readBody(call: RestCall): Readonly<Record<string, unknown>> {
  try {
    const body = call.request.json();
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Falls through to the answer the API gives for anything that is not an object.
  }
  throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'The body is not a JSON object');
}
