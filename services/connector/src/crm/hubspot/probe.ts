import { CrmError } from '../crm-error.ts';
import type { AskCrm, CallAllowance } from '../crm-probe.ts';
import { hubspotError, hubspotFailure } from './error-map.ts';

const numberOf = (headers: Headers, name: string): number => Number.parseInt(headers.get(name) ?? '', 10);

/** The allowance of the day, which answers to a private app tell. */
function allowanceOf(headers: Headers): CallAllowance | null {
  const allowed = numberOf(headers, 'x-hubspot-ratelimit-daily');
  const remaining = numberOf(headers, 'x-hubspot-ratelimit-daily-remaining');
  return allowed > 0 && remaining >= 0 ? { allowed, remaining } : null;
}

/**
 * The facts about the account are the cheapest answer that HubSpot gives, and every answer tells the allowance. The call
 * is sent without the vendor's client, which cannot be told to stop waiting.
 */
export function createHubSpotProbe(options: { readonly baseUrl: string; readonly accessToken: string }): AskCrm {
  const url = `${options.baseUrl.replace(/\/+$/, '')}/account-info/v3/details`;
  const headers = { accept: 'application/json', authorization: `Bearer ${options.accessToken}` };
  return async (_asked, signal) => {
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { headers, redirect: 'manual', signal });
      text = await response.text();
    } catch (error) {
      throw signal.aborted ? signal.reason : hubspotFailure(error);
    }
    if (!response.ok) throw hubspotError(response.status, text, response.headers);
    try {
      JSON.parse(text);
    } catch (error) {
      throw new CrmError({
        kind: 'malformed',
        code: 'malformed-json',
        message: 'HubSpot sent a body that is not JSON.',
        pointer: '/baseUrl',
        cause: error,
      });
    }
    return allowanceOf(response.headers);
  };
}
