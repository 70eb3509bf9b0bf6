import { hubSpotPortalId } from '../hubspot/hubspot-simulator.ts';
import type { LinkKind } from '../population/native-sync-links.ts';
import { createPopulation, type PopulationOptions } from '../population/population.ts';
import { realDataSets } from '../population/real-data.ts';
import { salesforceOrgId } from '../salesforce/salesforce-simulator.ts';

/** What a group of look-alike entities has in common. */
export interface TrapGroup {
  readonly kind: string;
  /** For each entity of the group, its records. Records of different entities must not match. */
  readonly entities: readonly (readonly string[])[];
}

/**
 * Which records show the same real-world thing. Records go by `<account>:<object>:<record id>`, for example
 * `sf:00D...:Contact:003...` or `hs:62515317:contacts:41000005320`. Deleted and archived records are left out.
 */
export interface GroundTruth {
  /** Contacts of both CRMs: record -> person. */
  readonly persons: ReadonlyMap<string, string>;
  /** Accounts and companies: record -> organisation. */
  readonly organisations: ReadonlyMap<string, string>;
  readonly deals: ReadonlyMap<string, string>;
  /** Users and owners: record -> member of staff. */
  readonly users: ReadonlyMap<string, string>;
  readonly traps: readonly TrapGroup[];
  /** Links of the native sync by the HubSpot record that has one: the record that it names, and whether that is the same, another, or gone. */
  readonly nativeSyncLinks: ReadonlyMap<string, { readonly to: string; readonly kind: LinkKind }>;
}

const kinds = {
  persons: ['Contact', 'contacts'],
  organisations: ['Account', 'companies'],
  deals: ['Opportunity', 'deals'],
  users: ['User', 'owners'],
} as const;

/** The set an entity comes from: `synthetic`, or the name of a published data set. */
export function dataSetOf(entity: string): string {
  return realDataSets.find((set) => entity.startsWith(`${set}-`)) ?? 'synthetic';
}

/** The truth about the load that the same options make. Only scoring may ask for it. */
export function createGroundTruth(options: PopulationOptions = {}): GroundTruth {
  const population = createPopulation(options);
  const accounts = [
    { account: `sf:${salesforceOrgId}`, origins: population.salesforceOrigins },
    { account: `hs:${hubSpotPortalId}`, origins: population.hubspotOrigins },
  ];
  const truthOf = (objects: readonly string[]): Map<string, string> => {
    const truth = new Map<string, string>();
    for (const { account, origins } of accounts) {
      for (const object of objects) {
        for (const [id, entity] of origins.get(object) ?? []) truth.set(`${account}:${object}:${id}`, entity);
      }
    }
    return truth;
  };
  const persons = truthOf(kinds.persons);
  const organisations = truthOf(kinds.organisations);
  const recordsOf = new Map<string, string[]>();
  for (const [record, entity] of [...persons, ...organisations]) {
    const records = recordsOf.get(entity);
    if (records === undefined) recordsOf.set(entity, [record]);
    else records.push(record);
  }
  const groups = new Map<string, { kind: string; entities: string[][] }>();
  for (const [entity, trap] of population.traps) {
    const key = `${trap.kind}/${trap.group}`;
    const group = groups.get(key) ?? { kind: trap.kind, entities: [] };
    group.entities.push(recordsOf.get(entity) ?? []);
    groups.set(key, group);
  }
  return {
    persons,
    organisations,
    deals: truthOf(kinds.deals),
    users: truthOf(kinds.users),
    traps: [...groups.values()],
    nativeSyncLinks: new Map(
      [...population.nativeSyncLinks].flatMap(([object, links]) =>
        [...links].map(([id, { salesforceId, kind }]) => [
          `hs:${hubSpotPortalId}:${object}:${id}`,
          { to: `sf:${salesforceOrgId}:${object === 'contacts' ? 'Contact' : 'Account'}:${salesforceId}`, kind },
        ]),
      ),
    ),
  };
}

export {
  type AuditTruth,
  adminPermissions,
  auditTruth,
  type IntegrationTruth,
  recentChangeDays,
  type SetupChangeTruth,
  type UserTruth,
  unusedAfterDays,
} from './audit-truth.ts';
