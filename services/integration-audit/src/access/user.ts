/** Somebody, or something, that can log in to a CRM. */
export interface CrmUser {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly username: string;
  readonly active: boolean;
  readonly userType: string;
  readonly roles: readonly string[];
  readonly powers: readonly string[];
  /** Null when the CRM shows no log-in. */
  readonly lastLoginAt: Date | null;
  /** Null when the CRM does not say. */
  readonly createdAt: Date | null;
}

/** A user as an event tells of it. */
export interface UserVersion extends CrmUser {
  readonly version: number;
  readonly removed: boolean;
}

/** Powers that nobody needs who does not do an administrator's work. To see everything is not among them. */
export const administrativePowers: readonly string[] = [
  'author-apex',
  'customize-application',
  'manage-users',
  'modify-all-data',
  'super-admin',
];

export const administrativePowersOf = ({ powers }: Pick<CrmUser, 'powers'>): string[] =>
  powers.filter((power) => administrativePowers.includes(power));

/** The system that an account belongs to. */
export const systemOf = (account: string): 'salesforce' | 'hubspot' =>
  account.startsWith('hs:') ? 'hubspot' : 'salesforce';
