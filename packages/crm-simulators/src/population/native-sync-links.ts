import type { HubSpotLoad, HubSpotRow } from '../hubspot/hubspot-load.ts';
import type { PropertyValue } from '../hubspot/property-definition.ts';
import type { Random } from '../random.ts';
import { formatRecordId } from '../salesforce/record-id.ts';

/** Whom a link leads to: the same entity, somebody else, or a record that is there no more. */
export type LinkKind = 'same' | 'other' | 'gone';

/** A Salesforce id that the native sync left on a HubSpot record. */
export interface NativeSyncLink {
  /** In the form of 18 characters, whichever form the record has. */
  readonly salesforceId: string;
  readonly kind: LinkKind;
}

/** By HubSpot object and record id. */
export type NativeSyncLinks = ReadonlyMap<string, ReadonlyMap<string, NativeSyncLink>>;

/** Of the records that stand in both CRMs so many are in step. */
const syncedShare = 0.36;
/** Of those that only HubSpot has so many were in step before Salesforce deleted its part. */
const orphanedShare = 0.03;
/** Of the links so many lead to somebody else, and to a record that was merged away or deleted. */
const wrongShare = 0.015;
const staleShare = 0.025;
/** Of the ids so many were brought in by an import of a report, which shows the short form. */
const shortShare = 0.06;
/** Of the contacts in step so many came from a lead, whose id stays when it is converted. */
const leadShare = 0.25;

const properties = {
  contacts: ['salesforcecontactid', 'salesforceleadid'],
  companies: ['salesforceaccountid'],
} as const;

const salesforceObjects = { contacts: 'Contact', companies: 'Account' } as const;
const keyPrefixes = { contacts: '003', companies: '001' } as const;
const leadPrefix = '00Q';
/** Serial numbers that no record of the load has. */
const firstGone = 90_000_000;

/**
 * Puts the links of the native sync into the contacts and companies of a portal, some of them wrong, stale, or the same on several records, as
 * every portal has them after some years. Everything else of the load stays as it was.
 */
export function addNativeSyncLinks(
  load: HubSpotLoad,
  options: {
    readonly random: Random;
    readonly hubspotOrigins: ReadonlyMap<string, ReadonlyMap<string, string>>;
    readonly salesforceOrigins: ReadonlyMap<string, ReadonlyMap<string, string>>;
    /** Ids of Salesforce records in the recycle bin. */
    readonly removed: readonly string[];
    /** Entities that are taken for this one. */
    readonly lookAlikes: (entity: string) => readonly string[];
    /** Published data sets stay as they were published. */
    readonly isInvented: (entity: string) => boolean;
  },
): { readonly load: HubSpotLoad; readonly links: NativeSyncLinks } {
  const { random, hubspotOrigins, salesforceOrigins, removed, lookAlikes, isInvented } = options;
  const links = new Map<string, ReadonlyMap<string, NativeSyncLink>>();
  const objects = load.objects.map((each) => {
    if (each.object !== 'contacts' && each.object !== 'companies') return each;
    const { object } = each;
    const draw = random.fork(object);
    const origins = hubspotOrigins.get(object) ?? new Map<string, string>();
    const idsOf = new Map<string, string[]>();
    for (const [id, entity] of salesforceOrigins.get(salesforceObjects[object]) ?? [])
      idsOf.set(entity, [...(idsOf.get(entity) ?? []), id]);
    const everybody = [...idsOf.keys()];
    let serial = firstGone;
    const goneId = (prefix: string): string => {
      serial += draw.integer(1, 50);
      return formatRecordId(prefix, serial);
    };
    const gone = (): string =>
      object === 'contacts' && removed.length > 0 && draw.chance(0.4)
        ? draw.pick(removed)
        : goneId(keyPrefixes[object]);
    const otherThan = (entity: string): string => {
      const alike = lookAlikes(entity).filter((other) => idsOf.has(other));
      const other = alike.length > 0 ? draw.pick(alike) : draw.pick(everybody.filter((one) => one !== entity));
      return draw.pick(idsOf.get(other) as string[]);
    };
    const linkOf = (entity: string): NativeSyncLink | null => {
      const ids = idsOf.get(entity);
      if (ids === undefined) return draw.chance(orphanedShare) ? { salesforceId: gone(), kind: 'gone' } : null;
      if (!draw.chance(syncedShare)) return null;
      const fate = draw.next();
      if (fate < wrongShare && everybody.length > 1) return { salesforceId: otherThan(entity), kind: 'other' };
      if (fate < wrongShare + staleShare) return { salesforceId: gone(), kind: 'gone' };
      return { salesforceId: draw.pick(ids), kind: 'same' };
    };
    const found = new Map<string, NativeSyncLink>();
    const rows = [...each.rows].map((row): HubSpotRow => {
      const entity = origins.get(String(row.id));
      const link = entity === undefined || !isInvented(entity) ? null : linkOf(entity);
      if (link === null) return { ...row, values: [...row.values, ...properties[object].map(() => null)] };
      found.set(String(row.id), link);
      const written: PropertyValue = draw.chance(shortShare) ? link.salesforceId.slice(0, 15) : link.salesforceId;
      const lead = object === 'contacts' ? [draw.chance(leadShare) ? goneId(leadPrefix) : null] : [];
      return { ...row, values: [...row.values, written, ...lead] };
    });
    links.set(object, found);
    return { ...each, properties: [...each.properties, ...properties[object]], rows };
  });
  return { load: { ...load, objects }, links };
}
