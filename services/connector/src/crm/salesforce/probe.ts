import { CrmError } from '../crm-error.ts';
import type { AskCrm, CallAllowance } from '../crm-probe.ts';
import { salesforceError, salesforceFailure } from './error-map.ts';
import type { SalesforceSession } from './session.ts';

interface Limits {
  readonly DailyApiRequests?: { readonly Max?: unknown; readonly Remaining?: unknown };
}

function allowanceOf(answer: unknown): CallAllowance | null {
  const { Max: allowed, Remaining: remaining } = (answer as Limits | null)?.DailyApiRequests ?? {};
  return typeof allowed === 'number' && typeof remaining === 'number' ? { allowed, remaining } : null;
}

const noList = () =>
  new CrmError({
    kind: 'malformed',
    code: 'malformed-versions',
    message: 'Salesforce answered with something else than the list of its versions.',
    pointer: '/loginUrl',
  });

/**
 * The list of versions is served without a session and is not counted as a call. The limits are one call, with a
 * session: they show as well that the credentials are still good.
 */
export function createSalesforceProbe(options: {
  readonly loginUrl: string;
  readonly session: SalesforceSession;
}): AskCrm {
  const url = `${options.loginUrl.replace(/\/+$/, '')}/services/data`;
  return async ({ withAllowance }, signal) => {
    if (withAllowance) return allowanceOf(await options.session.send({ method: 'GET', path: '/limits' }, signal));
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'manual', signal });
      text = await response.text();
    } catch (error) {
      throw signal.aborted ? signal.reason : salesforceFailure(error);
    }
    if (!response.ok) throw salesforceError(response.status, text, response.headers.get('retry-after'));
    let versions: unknown;
    try {
      versions = JSON.parse(text);
    } catch {
      throw noList();
    }
    if (!Array.isArray(versions)) throw noList();
    return null;
  };
}
