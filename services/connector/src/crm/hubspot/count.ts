import { CrmError } from '../crm-error.ts';
import type { HubSpotApi } from './api.ts';

/**
 * Counts the living records of an object, as the search index knows them: it is a few moments behind. The total is not
 * bounded by how far results can be paged.
 */
export async function countRecords(api: HubSpotApi, object: string, signal: AbortSignal): Promise<number> {
  const answer = (await api.send(
    {
      method: 'POST',
      path: `/crm/v3/objects/${object}/search`,
      body: { filterGroups: [], properties: ['hs_object_id'], limit: 1 },
    },
    signal,
  )) as { total?: unknown } | null;
  const total = answer?.total;
  if (typeof total === 'number' && Number.isInteger(total)) return total;
  throw new CrmError({
    kind: 'malformed',
    code: 'malformed-count',
    message: `HubSpot answered a search of ${object} without a total.`,
  });
}
