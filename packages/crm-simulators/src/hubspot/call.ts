import type { SimulatorRequest } from '../http/http-server.ts';
import type { HubSpotAuth, HubSpotSession } from './hubspot-auth.ts';
import { validationError } from './hubspot-error.ts';
import type { HubSpotChangeAuthor } from './record-changes.ts';

/** One authenticated call of the API. */
export interface HubSpotCall {
  readonly request: SimulatorRequest;
  readonly params: Readonly<Record<string, string>>;
  /** `v3`, `v4` or a date such as `2026-03`. */
  readonly version: string;
  readonly session: HubSpotSession;
  readonly auth: HubSpotAuth;
}

export interface HubSpotAnswer {
  readonly status: number;
  /** Absent for an answer without a body. */
  readonly json?: unknown;
}

export type HubSpotHandler = (call: HubSpotCall) => HubSpotAnswer;

export const apiAuthor: HubSpotChangeAuthor = {
  by: 'api',
  source: 'INTEGRATION',
  sourceId: '4711001',
  application: '4711001',
};

/** A list that comes repeated, comma-joined, empty, or in a mixture of these. */
export function listParameter(call: HubSpotCall, name: string): string[] {
  return call.request.query
    .getAll(name)
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

export function booleanParameter(call: HubSpotCall, name: string): boolean {
  return call.request.query.get(name)?.toLowerCase() === 'true';
}

/** A whole number between 1 and `max`. */
export function limitParameter(call: HubSpotCall, fallback: number, max: number): number {
  const text = call.request.query.get('limit');
  if (text === null || text === '') return fallback;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1) throw validationError(`limit must be a positive integer; got ${text}`);
  if (limit > max) throw validationError(`The requested limit ${limit} is larger than the maximum of ${max}`);
  return limit;
}

export function jsonBody(call: HubSpotCall): Record<string, unknown> {
  try {
    const body = call.request.json();
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Falls through to the answer the API gives for anything that is not an object.
  }
  throw validationError('Invalid input JSON: the body is not a JSON object');
}

export function arrayOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}
