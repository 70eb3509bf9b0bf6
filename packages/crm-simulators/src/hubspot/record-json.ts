import { associationType } from './association-types.ts';
import type { HubSpotStore } from './hubspot-store.ts';
import type { HubSpotObject, HubSpotRecord, StoredProperty } from './property-definition.ts';

export interface ShowOptions {
  /** Names asked for; empty for the default ones. Unknown names are left out. */
  readonly properties: readonly string[];
  readonly propertiesWithHistory?: readonly string[];
  /** Objects whose associations are shown. */
  readonly associations?: readonly HubSpotObject[];
}

/** How many associations of one kind a record shows before it points at the next page. */
const associationsShown = 100;

function shownProperties(object: HubSpotObject, options: ShowOptions): StoredProperty[] {
  const asked = options.properties.length === 0 ? object.defaultProperties : options.properties;
  const names = new Set([...asked, object.createdProperty, object.modifiedProperty, 'hs_object_id']);
  return [...names].sort().flatMap((name) => object.property(name) ?? []);
}

/** A record as the API shows it. */
export function createRecordJson(store: HubSpotStore, portalId: number, object: HubSpotObject, options: ShowOptions) {
  const properties = shownProperties(object, options);
  const withHistory = (options.propertiesWithHistory ?? []).flatMap((name) => object.property(name) ?? []);
  return (record: HubSpotRecord): Record<string, unknown> => {
    const values: Record<string, string | null> = {};
    for (const property of properties) values[property.name] = store.read(object, record, property);
    const json: Record<string, unknown> = {
      id: record.id,
      properties: values,
      createdAt: new Date(record.createdAt).toISOString(),
      updatedAt: new Date(record.modifiedAt).toISOString(),
      archived: record.archivedAt !== null,
    };
    if (record.archivedAt !== null) json.archivedAt = new Date(record.archivedAt).toISOString();
    if (withHistory.length > 0) {
      json.propertiesWithHistory = Object.fromEntries(
        withHistory.map((property) => [
          property.name,
          store.history(object, record, property).map((version) => ({
            value: version.value,
            timestamp: new Date(version.timestamp).toISOString(),
            sourceType: version.sourceType,
            ...(version.sourceId === null ? {} : { sourceId: version.sourceId }),
          })),
        ]),
      );
    }
    const associations = showAssociations(store, object, record, options.associations ?? []);
    if (associations !== null) json.associations = associations;
    json.url = `https://app.hubspot.com/contacts/${portalId}/record/${object.typeId}/${record.id}`;
    return json;
  };
}

function showAssociations(
  store: HubSpotStore,
  object: HubSpotObject,
  record: HubSpotRecord,
  targets: readonly HubSpotObject[],
): Record<string, unknown> | null {
  const shown: Record<string, unknown> = {};
  let isEmpty = true;
  for (const target of targets) {
    const links = store.associations.links(object.name, record.id, target.name);
    if (links.length === 0) continue;
    isEmpty = false;
    const results = links
      .slice(0, associationsShown)
      .map((link) => ({ id: link.toId, type: associationType(link.typeId)?.name ?? '' }));
    shown[target.name] =
      links.length <= associationsShown
        ? { results }
        : { results, paging: { next: { after: String(associationsShown), link: '' } } };
  }
  return isEmpty ? null : shown;
}
