import type { SimulatorReply } from '../http/http-server.ts';
import { soapFault } from './soap-api.ts';

interface NamedFault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const jsonFaults: Readonly<Record<string, NamedFault>> = {
  'session-expired': { status: 401, code: 'INVALID_SESSION_ID', message: 'Session expired or invalid' },
  'daily-limit': { status: 403, code: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' },
  'concurrent-limit': {
    status: 403,
    code: 'REQUEST_LIMIT_EXCEEDED',
    message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
  },
  'api-disabled': {
    status: 403,
    code: 'API_DISABLED_FOR_ORG',
    message: 'API is not enabled for this Organization or Partner',
  },
  'insufficient-access': {
    status: 403,
    code: 'INSUFFICIENT_ACCESS',
    message: 'insufficient access rights on cross-reference id',
  },
  'invalid-locator': { status: 400, code: 'INVALID_QUERY_LOCATOR', message: 'invalid query locator' },
  'query-timeout': {
    status: 400,
    code: 'QUERY_TIMEOUT',
    message: 'Your query request was running for too long.',
  },
  'lock-row': {
    status: 400,
    code: 'UNABLE_TO_LOCK_ROW',
    message: 'unable to obtain exclusive access to this record or 1 records: ',
  },
  unknown: {
    status: 500,
    code: 'UNKNOWN_EXCEPTION',
    message: 'An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-1 (1)',
  },
  unavailable: { status: 503, code: 'SERVER_UNAVAILABLE', message: 'Server too busy' },
};

/** The names `namedSalesforceFault` knows. */
export const salesforceFaultNames: readonly string[] = [
  ...Object.keys(jsonFaults),
  'maintenance-html',
  'html-ok',
  'refresh-in-progress',
];

/** One of the service's unhappy answers, in the form of the API that was asked. `extra` are headers that every answer carries. */
export function namedSalesforceFault(
  name: string,
  extra: Readonly<Record<string, string>>,
  isSoap = false,
): SimulatorReply {
  const fault = jsonFaults[name];
  if (fault !== undefined && isSoap) return soapFault(fault.code, fault.message);
  if (fault !== undefined) {
    return {
      status: fault.status,
      headers: { 'Content-Type': 'application/json;charset=UTF-8', ...extra },
      body: JSON.stringify([{ message: fault.message, errorCode: fault.code }]),
    };
  }
  if (name === 'maintenance-html' || name === 'html-ok') {
    return {
      status: name === 'html-ok' ? 200 : 503,
      headers: { 'Content-Type': 'text/html' },
      body: '<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>',
    };
  }
  if (name === 'refresh-in-progress') {
    return {
      status: 400,
      headers: { 'Content-Type': 'application/json;charset=UTF-8' },
      body: JSON.stringify({ error: 'invalid_grant', error_description: 'token request is already being processed' }),
    };
  }
  throw new Error(`There is no Salesforce fault named ${name}. Known: ${salesforceFaultNames.join(', ')}.`);
}
