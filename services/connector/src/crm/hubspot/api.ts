import type { Client } from '@hubspot/api-client';
import type { CrmCalls } from '../crm-calls.ts';
import { CrmError } from '../crm-error.ts';
import { hubspotError, hubspotFailure } from './error-map.ts';

export interface HubSpotRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Lists are joined with commas, which HubSpot takes as well as repeated keys, in half the characters. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: unknown;
}

export interface HubSpotApi {
  /** The JSON of an answer that is a success. Rejects with CrmError. */
  send(request: HubSpotRequest, signal: AbortSignal): Promise<unknown>;
  /** The same for a request that writes: see CrmCalls.write. */
  write(request: HubSpotRequest, signal: AbortSignal): Promise<unknown>;
  close(): void;
}

export interface HubSpotApiOptions {
  readonly baseUrl: string;
  readonly accessToken: string;
  /** Makes the road for calls, kept to this rate. */
  readonly createCalls: (requestsPerSecond: number) => CrmCalls;
  /** The rate of calls; by default what HubSpot says that the account may do. */
  readonly requestsPerSecond?: number | undefined;
  /** Searches have limits of their own. */
  readonly searchCalls: CrmCalls;
}

/** What the smallest account may do, in calls per second, with a little left. */
const smallestRate = 9;
/** The share of the account's rate that is used, so that a call now and then of somebody else still fits. */
const rateShare = 0.9;

function queryOf(query: HubSpotRequest['query']): Record<string, string> {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(
    pairs.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]),
  );
}

/** Loads the vendor's client when the first portal is connected: services without one do not pay for it. */
async function loadClient(options: HubSpotApiOptions): Promise<Client> {
  const { default: hubspot } = await import('@hubspot/api-client');
  // Retries and limits of the client are one setting for the whole process, whoever made a client last: they stay off.
  return new hubspot.Client({ accessToken: options.accessToken, basePath: options.baseUrl.replace(/\/+$/, '') });
}

/**
 * The vendor's client, by its general request method: its generated methods drop the headers of an answer (the pause that
 * a refusal asks for) and every key that they do not know.
 */
export function createHubSpotApi(options: HubSpotApiOptions): HubSpotApi {
  let loading: Promise<Client> | undefined;
  let calls = options.createCalls(options.requestsPerSecond ?? smallestRate);
  const roads = [calls, options.searchCalls];
  let knowsRate = options.requestsPerSecond !== undefined;

  /** Takes over the rate of the account, which every answer but that of a search tells. */
  function learnRate(headers: Headers): void {
    const most = Number(headers.get('x-hubspot-ratelimit-max'));
    const intervalMs = Number(headers.get('x-hubspot-ratelimit-interval-milliseconds') ?? 10_000);
    if (knowsRate || !(most > 0) || !(intervalMs > 0)) return;
    knowsRate = true;
    calls = options.createCalls(Math.max(1, (most / intervalMs) * 1000 * rateShare));
    roads.push(calls);
  }

  async function attempt(request: HubSpotRequest): Promise<unknown> {
    loading ??= loadClient(options);
    const client = await loading;
    let response: Response;
    let text: string;
    try {
      response = await client.apiRequest({
        method: request.method,
        path: request.path,
        qs: queryOf(request.query),
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      text = await response.text();
    } catch (error) {
      throw hubspotFailure(error);
    }
    learnRate(response.headers);
    if (!response.ok) throw hubspotError(response.status, text, response.headers);
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new CrmError({
        kind: 'malformed',
        code: 'malformed-json',
        message: 'HubSpot sent a body that is not JSON.',
        pointer: '/baseUrl',
        mayBeDone: true,
        cause: error,
      });
    }
  }

  return {
    send(request, signal) {
      const road = request.path.endsWith('/search') ? options.searchCalls : calls;
      return road.run(() => attempt(request), signal);
    },
    write: (request, signal) => calls.write(() => attempt(request), signal),
    close() {
      for (const road of roads) road.close();
    },
  };
}
