import type { Random } from '../random.ts';
import type { StaffMember } from './staff.ts';
import { shuffled } from './world.ts';

export const dayMs = 86_400_000;

/** What is true of one user of a CRM. Times are milliseconds before the reference time of the load. */
export interface UserFact {
  readonly member: StaffMember;
  readonly index: number;
  /** Null for a user who has never logged in. */
  readonly lastLoginAgoMs: number | null;
  /** Has the administrators' profile, or is a super admin. */
  readonly isAdministrator: boolean;
  /** Names of further permission sets; Salesforce only. */
  readonly permissionSets: readonly string[];
  /** Does the work of an administrator: shows in the setup changes. */
  readonly doesAdminWork: boolean;
}

/** An app or script that uses a CRM. */
export interface IntegrationFact {
  readonly name: string;
  /** Whether it comes through a registered app; the others only give a client name. */
  readonly isRegistered: boolean;
  readonly lastUsedAgoMs: number;
  readonly callsPerDay: number;
  /** Everybody who set it up or authorised it has left, or nobody is known to have. */
  readonly isOwnerUnknown: boolean;
}

/** A change of the setup that somebody made. */
export interface SetupChangeFact {
  readonly action: string;
  readonly section: string;
  readonly display: string;
  readonly agoMs: number;
  readonly by: UserFact;
  readonly isRisky: boolean;
}

/** A moment on the given day before the reference time, in office hours. */
export const agoOf = (days: number, random: Random): number =>
  Math.floor((days * dayMs + random.next() * 0.35 * dayMs) / 1000) * 1000;

/** Decides for each user how they use the CRM: some never came, some stay away, some can do more than they need. */
export function createUserFacts(
  members: readonly { readonly member: StaffMember; readonly index: number }[],
  random: Random,
): UserFact[] {
  const active = shuffled(
    members.filter(({ member }) => member.isActive),
    random,
  );
  const share = (part: number) => Math.max(1, Math.round(active.length * part));
  const never = active.splice(0, share(0.08));
  const dormant = active.splice(0, share(0.11));
  const rare = active.splice(0, share(0.06));
  const fact = (
    entry: { readonly member: StaffMember; readonly index: number },
    lastLoginAgoMs: number | null,
    rights: Partial<UserFact> = {},
  ): UserFact => ({
    ...entry,
    lastLoginAgoMs,
    isAdministrator: false,
    permissionSets: [],
    doesAdminWork: false,
    ...rights,
  });
  const rights: readonly Partial<UserFact>[] = [
    { isAdministrator: true, doesAdminWork: true },
    { isAdministrator: true, doesAdminWork: true },
    { isAdministrator: true },
    { permissionSets: ['Data_Fixers'] },
    { permissionSets: ['Data_Fixers', 'Reporting_Viewers'] },
    { permissionSets: ['Data_Fixers'], doesAdminWork: true },
    { permissionSets: ['Reporting_Viewers'] },
    { permissionSets: ['Reporting_Viewers'] },
  ];
  return [
    ...never.map((entry) => fact(entry, null)),
    ...dormant.map((entry, place) =>
      fact(
        entry,
        agoOf(random.integer(95, 300), random),
        place === 0 ? { permissionSets: ['User_Administration'] } : {},
      ),
    ),
    ...rare.map((entry) => fact(entry, agoOf(random.integer(60, 85), random))),
    ...active.map((entry, place) => fact(entry, agoOf(random.integer(0, 25), random), rights[place])),
    ...members
      .filter(({ member }) => !member.isActive)
      .map((entry) => fact(entry, agoOf(random.integer(120, 500), random))),
  ].sort((left, right) => left.index - right.index);
}

/** The apps and scripts around a CRM. The one of Kempt itself is not among them. */
export function createIntegrationFacts(random: Random): IntegrationFact[] {
  const registered = (name: string, days: number, callsPerDay: number, isOwnerUnknown = false): IntegrationFact => ({
    name,
    isRegistered: true,
    lastUsedAgoMs: agoOf(days, random),
    callsPerDay,
    isOwnerUnknown,
  });
  return [
    registered('Ledgerline ERP Sync', 0, 380),
    registered('Postbox Mail Connector', 0, 240),
    registered('Dialtone Telephony', 1, 60),
    registered('Eventboard', 84, 0),
    registered('Quotewright', 97, 0),
    registered('Formbridge Web Forms', 141, 0),
    registered('Mapline Territories', 402, 0),
    registered('Weekend Export', 2, 45, true),
    registered('Lead Scraper', 203, 0, true),
    {
      name: 'python-report',
      isRegistered: false,
      lastUsedAgoMs: agoOf(0, random),
      callsPerDay: 30,
      isOwnerUnknown: true,
    },
  ];
}

interface Kind {
  readonly action: string;
  readonly section: string;
  readonly display: (name: string) => string;
}

const riskyKinds: readonly Kind[] = [
  {
    action: 'PermSetAssign',
    section: 'Manage Users',
    display: (name) => `Permission set Data Fixers: assigned to user ${name}`,
  },
  {
    action: 'changedprofileforuser',
    section: 'Manage Users',
    display: (name) => `Changed profile for user ${name} from Standard User to System Administrator`,
  },
  {
    action: 'PermSetEnableUserPerm',
    section: 'Manage Users',
    display: () => 'Changed permission set Data Fixers: Modify All Data was changed from disabled to enabled',
  },
  {
    action: 'insertConnectedApplication',
    section: 'Connected Apps',
    display: () => 'Inserted connected application Weekend Export',
  },
  {
    action: 'changedPasswordPolicy',
    section: 'Security Controls',
    display: () => 'Organization password policy: minimum length changed from 12 to 8',
  },
];

const routineKinds: readonly Kind[] = [
  { action: 'createduser', section: 'Manage Users', display: (name) => `Created new user ${name}` },
  { action: 'deactivateduser', section: 'Manage Users', display: (name) => `Deactivated user ${name}` },
  { action: 'changedpassword', section: 'Manage Users', display: (name) => `Changed password for user ${name}` },
  { action: 'changedpagelayout', section: 'Page Layouts', display: () => 'Changed page layout Contact Layout' },
  { action: 'createdcustomfield', section: 'Custom Objects', display: () => 'Created custom field National ID (Text)' },
  { action: 'changedreportfolder', section: 'Report Folders', display: () => 'Changed report folder Pipeline' },
];

/** What administrators changed in the last half year: mostly everyday things, some that open doors. */
export function createSetupChangeFacts(users: readonly UserFact[], random: Random): SetupChangeFact[] {
  const workers = users.filter((user) => user.doesAdminWork);
  if (workers.length === 0) return [];
  const anyName = () => {
    const { member } = random.pick(users);
    return `${member.firstName} ${member.lastName}`;
  };
  const change = (kind: Kind, days: number, by: UserFact, isRisky: boolean): SetupChangeFact => ({
    action: kind.action,
    section: kind.section,
    display: kind.display(anyName()),
    agoMs: agoOf(days, random),
    by,
    isRisky,
  });
  const changes = [
    ...workers.flatMap((by) => [4, 19, 52].map((days) => change(random.pick(routineKinds), days, by, false))),
    ...Array.from({ length: 80 }, () =>
      change(random.pick(routineKinds), random.integer(1, 175), random.pick(workers), false),
    ),
    ...riskyKinds.map((kind) => change(kind, random.integer(1, 28), random.pick(workers), true)),
    ...riskyKinds.slice(0, 4).map((kind) => change(kind, random.integer(33, 170), random.pick(workers), true)),
  ];
  return changes.sort((left, right) => right.agoMs - left.agoMs);
}
