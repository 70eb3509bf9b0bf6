import type { RecordRefFields } from '@kempt/contracts';

/** What a canonical field holds. A reference names a record of the same CRM account, a link one of another CRM. */
export type CanonicalFieldKind =
  | 'text'
  | 'texts'
  | 'date'
  | 'decimal'
  | 'boolean'
  | 'timestamp'
  | 'reference'
  | 'references'
  | 'links';

export type EntityKind = 'person' | 'organisation' | 'deal' | 'case' | 'activity' | 'user' | 'feedback';

const address = {
  'address.street': 'text',
  'address.city': 'text',
  'address.region': 'text',
  'address.postalCode': 'text',
  'address.country': 'text',
} as const;

/** The canonical vocabulary: every entity with its fields. `address.city` is the field `city` of the field `address`. */
export const canonicalFields: Readonly<Record<EntityKind, Readonly<Record<string, CanonicalFieldKind>>>> = {
  person: {
    fullName: 'text',
    givenName: 'text',
    familyName: 'text',
    salutation: 'text',
    suffix: 'text',
    emails: 'texts',
    phones: 'texts',
    ...address,
    jobTitle: 'text',
    organisationName: 'text',
    organisation: 'reference',
    birthDate: 'date',
    website: 'text',
    lifecycleStage: 'text',
    ownerId: 'text',
    emailOptOut: 'boolean',
    linkedRecords: 'links',
  },
  organisation: {
    name: 'text',
    domain: 'text',
    website: 'text',
    phones: 'texts',
    ...address,
    industry: 'text',
    employeeCount: 'decimal',
    annualRevenue: 'decimal',
    taxId: 'text',
    parent: 'reference',
    ownerId: 'text',
    description: 'text',
    linkedRecords: 'links',
  },
  deal: {
    name: 'text',
    amount: 'decimal',
    currency: 'text',
    stage: 'text',
    pipeline: 'text',
    closeDate: 'date',
    organisation: 'reference',
    persons: 'references',
    ownerId: 'text',
    isWon: 'boolean',
    isClosed: 'boolean',
    createdAt: 'timestamp',
  },
  case: {
    number: 'text',
    subject: 'text',
    status: 'text',
    priority: 'text',
    origin: 'text',
    organisation: 'reference',
    person: 'reference',
    ownerId: 'text',
    isClosed: 'boolean',
    closedAt: 'timestamp',
    createdAt: 'timestamp',
  },
  activity: {
    subject: 'text',
    activityType: 'text',
    status: 'text',
    dueAt: 'timestamp',
    about: 'references',
    ownerId: 'text',
  },
  user: {
    name: 'text',
    email: 'text',
    username: 'text',
    active: 'boolean',
    lastLoginAt: 'timestamp',
  },
  feedback: {
    surveyKind: 'text',
    score: 'decimal',
    comment: 'text',
    person: 'reference',
    submittedAt: 'timestamp',
  },
};

/** A record of another CRM that an integration says is the same, as far as the record itself tells. */
export interface LinkedRecordFields {
  readonly system: string;
  readonly object: string;
  readonly recordId: string;
}

/** Text, boolean, list of texts, reference, list of references or of links, or the fields of an address. Timestamps are ISO 8601. */
export type CanonicalValue =
  | string
  | boolean
  | readonly string[]
  | RecordRefFields
  | readonly RecordRefFields[]
  | readonly LinkedRecordFields[]
  | Readonly<Record<string, string>>;

/** A record in canonical words, in the JSON form of the message of the same name: `{ "person": { "fullName": ... } }`. */
export interface CanonicalRecord {
  readonly entity: EntityKind;
  /** Fields without a value are absent. */
  readonly fields: Readonly<Record<string, CanonicalValue>>;
}
