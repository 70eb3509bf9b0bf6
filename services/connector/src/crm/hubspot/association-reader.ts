import { CrmError } from '../crm-error.ts';
import type { HubSpotApi } from './api.ts';
import { associationField } from './property-types.ts';
import { type Associations, associatedIds, isObjectId } from './read-record.ts';

interface AssociationRow {
  readonly from?: { readonly id?: unknown };
  readonly to?: unknown;
  readonly paging?: { readonly next?: { readonly after?: unknown } };
}

interface Target {
  readonly toObjectId?: unknown;
  readonly associationTypes?: unknown;
}

const idsPerCall = 100;

const isPrimary = (types: unknown): boolean =>
  Array.isArray(types) && types.some((type) => (type as { label?: unknown } | null)?.label === 'Primary');

function targetsOf(row: AssociationRow): { id: string; primary: boolean }[] {
  const targets = Array.isArray(row.to) ? (row.to as Target[]) : [];
  return targets.flatMap((target) => {
    // Real answers have a number here.
    const id = String(target.toObjectId);
    return isObjectId(id) ? [{ id, primary: isPrimary(target.associationTypes) }] : [];
  });
}

/** Reads the associations of many records of one object at once, however many each of them has. */
export async function readAssociations(
  api: HubSpotApi,
  request: { readonly object: string; readonly toObjects: readonly string[]; readonly ids: readonly string[] },
  signal: AbortSignal,
): Promise<Map<string, Associations>> {
  const found = new Map(request.ids.map((id) => [id, new Map<string, readonly string[]>()]));
  for (const toObject of request.toObjects) {
    const targets = new Map<string, { id: string; primary: boolean }[]>();
    let inputs: { id: string; after?: string }[] = request.ids.map((id) => ({ id }));
    while (inputs.length > 0) {
      const call = inputs.slice(0, idsPerCall);
      inputs = inputs.slice(idsPerCall);
      const path = `/crm/v4/associations/${request.object}/${toObject}/batch/read`;
      const answer = (await api.send({ method: 'POST', path, body: { inputs: call } }, signal)) as {
        results?: unknown;
      } | null;
      if (!Array.isArray(answer?.results)) {
        throw new CrmError({
          kind: 'malformed',
          code: 'malformed-page',
          message: 'HubSpot answered without associations.',
        });
      }
      for (const row of answer.results as AssociationRow[]) {
        const id = String(row.from?.id);
        targets.set(id, [...(targets.get(id) ?? []), ...targetsOf(row)]);
        const after = row.paging?.next?.after;
        if (typeof after === 'string' && found.has(id)) inputs.push({ id, after });
      }
    }
    for (const [id, associations] of found)
      associations.set(associationField(toObject), associatedIds(targets.get(id) ?? []));
  }
  return found;
}
