import type { Random } from '../random.ts';
import type { Address } from './address.ts';
import type { Country } from './data-tables.ts';
import type { Industry } from './organisation-names.ts';
import type { Telephone } from './telephone.ts';

/** The CRMs an entity has records in. */
export interface Presence {
  readonly salesforce: boolean;
  readonly hubspot: boolean;
}

/** Look-alikes that are not the same, by what makes them look alike. */
export type TrapKind =
  | 'family'
  | 'twins'
  | 'senior-junior'
  | 'shared-mailbox'
  | 'same-name'
  | 'subsidiary'
  | 'franchise'
  | 'same-company-name';

export interface Trap {
  readonly kind: TrapKind;
  /** Entities of one group look alike. */
  readonly group: number;
}

/** An organisation of the invented world. */
export interface Organisation {
  readonly entity: string;
  readonly presence: Presence;
  readonly core: string;
  readonly legalForm: string;
  /** A former name or the name it trades under. */
  readonly alias: string | null;
  readonly domain: string | null;
  readonly address: Address;
  readonly formerAddress: Address | null;
  readonly telephone: Telephone;
  readonly fax: Telephone | null;
  readonly industry: Industry;
  readonly employees: number;
  readonly parent: Organisation | null;
  readonly emailStyle: number;
  readonly trap: Trap | null;
}

export interface Job {
  readonly organisation: Organisation;
  readonly title: string;
  readonly department: string;
  readonly email: string | null;
  readonly extension: number | null;
}

/** A person of the invented world. */
export interface Person {
  readonly entity: string;
  readonly presence: Presence;
  readonly country: Country;
  readonly isMale: boolean;
  readonly firstName: string;
  readonly middleName: string | null;
  readonly lastName: string;
  /** Name before marriage. */
  readonly birthName: string | null;
  readonly suffix: string | null;
  /** `YYYY-MM-DD` */
  readonly birthDate: string;
  readonly home: Address;
  readonly formerHome: Address | null;
  readonly homeTelephone: Telephone | null;
  readonly mobile: Telephone | null;
  readonly personalEmail: string;
  readonly job: Job | null;
  readonly formerJob: Job | null;
  readonly trap: Trap | null;
}

/** How many entities are in both CRMs and in one only. */
export interface PresenceQuota {
  readonly both: number;
  readonly salesforceOnly: number;
  readonly hubspotOnly: number;
}

/** The quota as a list in random order, one entry for each entity. */
export function drawPresences(quota: PresenceQuota, random: Random): Presence[] {
  const presences: Presence[] = [
    ...Array.from({ length: quota.both }, () => ({ salesforce: true, hubspot: true })),
    ...Array.from({ length: quota.salesforceOnly }, () => ({ salesforce: true, hubspot: false })),
    ...Array.from({ length: quota.hubspotOnly }, () => ({ salesforce: false, hubspot: true })),
  ];
  return shuffled(presences, random);
}

/** A copy of the list in random order. */
export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
