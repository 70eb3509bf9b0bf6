import { CrmError } from '../crm-error.ts';
import type { AssociationLink, AssociationType } from '../crm-writer.ts';
import type { HubSpotApi } from './api.ts';
import { isObjectId } from './read-record.ts';

export interface LinkReader {
  /** Every association of a record, to every object that the portal shows: one entry for each kind. */
  read(object: string, recordId: string, signal: AbortSignal): Promise<readonly AssociationLink[]>;
  /** The kinds of associations between two objects; none when the portal does not show them. */
  types(fromObject: string, toObject: string, signal: AbortSignal): Promise<readonly AssociationType[]>;
}

interface ListAnswer {
  readonly results?: unknown;
  readonly paging?: { readonly next?: { readonly after?: unknown } };
}

/** Objects that every portal may have; custom ones are looked up. */
const standardObjects = [
  'contacts',
  'companies',
  'deals',
  'tickets',
  'calls',
  'emails',
  'meetings',
  'notes',
  'tasks',
] as const;

const linksPerPage = 500;
const maxAgeMs = 3_600_000;

/** What HubSpot says of an object that there is none, that the token may not see it, or that nothing leads there. */
const isHidden = (error: unknown): boolean =>
  error instanceof CrmError && ['not-found', 'permission', 'validation'].includes(error.kind);

const resultsOf = (answer: unknown): readonly Readonly<Record<string, unknown>>[] => {
  const results = (answer as ListAnswer | null)?.results;
  if (Array.isArray(results)) return results;
  throw new CrmError({
    kind: 'malformed',
    code: 'malformed-page',
    message: 'HubSpot answered without associations.',
  });
};

function typesOf(entries: unknown): AssociationType[] {
  const listed = Array.isArray(entries) ? (entries as Readonly<Record<string, unknown>>[]) : [];
  return listed.flatMap(({ category, typeId, label }) =>
    typeof category === 'string' && typeof typeId === 'number'
      ? [{ category, typeId, label: typeof label === 'string' ? label : null }]
      : [],
  );
}

export function createLinkReader(options: { readonly api: HubSpotApi; readonly now: () => number }): LinkReader {
  const { api, now } = options;
  const targets = new Map<string, { readonly objects: readonly string[]; readonly atMs: number }>();

  async function types(fromObject: string, toObject: string, signal: AbortSignal): Promise<readonly AssociationType[]> {
    try {
      const path = `/crm/v4/associations/${fromObject}/${toObject}/labels`;
      return typesOf(resultsOf(await api.send({ method: 'GET', path }, signal)));
    } catch (error) {
      if (isHidden(error)) return [];
      throw error;
    }
  }

  async function customObjects(signal: AbortSignal): Promise<readonly string[]> {
    try {
      const schemas = resultsOf(await api.send({ method: 'GET', path: '/crm/v3/schemas' }, signal));
      return schemas.flatMap(({ fullyQualifiedName: name }) => (typeof name === 'string' ? [name] : []));
    } catch (error) {
      if (isHidden(error)) return [];
      throw error;
    }
  }

  /** The objects that records of this one can be associated with. */
  async function targetsOf(object: string, signal: AbortSignal): Promise<readonly string[]> {
    const known = targets.get(object);
    if (known !== undefined && now() - known.atMs < maxAgeMs) return known.objects;
    const candidates = [...standardObjects, ...(await customObjects(signal))];
    const found = await Promise.all(candidates.map((toObject) => types(object, toObject, signal)));
    const objects = candidates.filter((_, index) => (found[index]?.length ?? 0) > 0);
    targets.set(object, { objects, atMs: now() });
    return objects;
  }

  async function linksTo(
    from: { readonly object: string; readonly recordId: string },
    toObject: string,
    signal: AbortSignal,
  ): Promise<AssociationLink[]> {
    const links: AssociationLink[] = [];
    const path = `/crm/v4/objects/${from.object}/${from.recordId}/associations/${toObject}`;
    for (let after: string | undefined; ; ) {
      const answer: unknown = await api.send({ method: 'GET', path, query: { limit: linksPerPage, after } }, signal);
      for (const { toObjectId, associationTypes } of resultsOf(answer)) {
        // Real answers have a number here.
        const toId = String(toObjectId);
        if (!isObjectId(toId)) continue;
        for (const type of typesOf(associationTypes)) {
          links.push({ kind: 'association', fromObject: from.object, fromId: from.recordId, toObject, toId, ...type });
        }
      }
      const next: unknown = (answer as ListAnswer | null)?.paging?.next?.after;
      if (typeof next !== 'string' || next === '') return links;
      after = next;
    }
  }

  return {
    types,
    async read(object, recordId, signal) {
      const objects = await targetsOf(object, signal);
      // One call says where there is something; the kinds are in answers of their own.
      const answer = (await api.send(
        { method: 'GET', path: `/crm/v3/objects/${object}/${recordId}`, query: { associations: objects } },
        signal,
      )) as { id?: unknown; associations?: unknown } | null;
      const groups = Object.keys((answer?.associations ?? {}) as object);
      // Custom objects go by several names.
      const shown = groups.every((name) => objects.includes(name)) ? groups : objects;
      const from = { object, recordId: isObjectId(answer?.id) ? answer.id : recordId };
      const links = await Promise.all(shown.map((toObject) => linksTo(from, toObject, signal)));
      return links.flat();
    },
  };
}
