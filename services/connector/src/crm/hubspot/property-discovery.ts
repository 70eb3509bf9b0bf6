import { CrmError } from '../crm-error.ts';
import type { HubSpotApi } from './api.ts';
import type { DescribedProperty } from './property-types.ts';

function describedProperties(answer: unknown): readonly DescribedProperty[] | null {
  const results = (answer as { results?: unknown } | null)?.results;
  const isList =
    Array.isArray(results) &&
    results.every((property) => typeof property?.name === 'string' && typeof property?.type === 'string');
  return isList ? (results as DescribedProperty[]) : null;
}

/** The properties of an object. Kind `not-found` names it when the portal has none. */
export async function discoverProperties(
  api: Pick<HubSpotApi, 'send'>,
  object: string,
  signal: AbortSignal,
): Promise<readonly DescribedProperty[]> {
  if (!/^[a-z0-9_-]+$/i.test(object)) throw unknownObject(object);
  try {
    const properties = describedProperties(
      await api.send({ method: 'GET', path: `/crm/v3/properties/${object}` }, signal),
    );
    if (properties !== null) return properties;
  } catch (error) {
    const isUnknown = error instanceof CrmError && (error.kind === 'not-found' || error.kind === 'validation');
    throw isUnknown ? unknownObject(object, error) : error;
  }
  throw new CrmError({
    kind: 'malformed',
    code: 'malformed-properties',
    message: `HubSpot described ${object} without properties.`,
  });
}

export const unknownObject = (object: string, cause?: unknown): CrmError =>
  new CrmError({
    kind: 'not-found',
    code: 'unknown-object',
    message: `The portal has no object ${object}. Use the plural name, such as contacts, or the name of a custom object.`,
    pointer: '/objects',
    cause,
  });
