import type { DateOrder } from './date.ts';
import type { Column, ColumnKind, Schema } from './schema.ts';

/** What a group of columns holds together, after normalisation. */
export type SlotKind =
  | 'personName'
  | 'organisation'
  | 'email'
  | 'phone'
  | 'address'
  | 'position'
  | 'date'
  | 'identifier'
  | 'domain'
  | 'category'
  | 'freeText'
  | 'link';

/** A group of columns that is normalised into one list of values. */
export interface Slot {
  readonly name: string;
  readonly kind: SlotKind;
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[];
  readonly verified: boolean;
  readonly dateOrder: DateOrder;
}

export type FeatureKind =
  | 'given'
  | 'family'
  | 'organisation'
  | 'legalForm'
  | 'email'
  | 'phone'
  | 'address'
  | 'position'
  | 'date'
  | 'identifier'
  | 'domain'
  | 'category'
  | 'freeText';

/** One comparison: a named view on a slot that has ordered levels. */
export interface Feature {
  readonly name: string;
  readonly kind: FeatureKind;
  readonly slot: number;
}

export interface Plan {
  /** Those that are compared first, links behind them. */
  readonly slots: readonly Slot[];
  readonly features: readonly Feature[];
}

const slotKinds: Readonly<Record<ColumnKind, SlotKind | null>> = {
  personName: 'personName',
  givenName: 'personName',
  middleName: 'personName',
  familyName: 'personName',
  nameSuffix: 'personName',
  organisation: 'organisation',
  email: 'email',
  phone: 'phone',
  address: 'address',
  houseNumber: 'address',
  street: 'address',
  city: 'address',
  postalCode: 'address',
  region: 'address',
  country: 'address',
  position: 'position',
  latitude: 'position',
  longitude: 'position',
  date: 'date',
  dateYear: 'date',
  dateMonth: 'date',
  dateDay: 'date',
  identifier: 'identifier',
  domain: 'domain',
  url: 'identifier',
  recordId: 'link',
  recordLink: 'link',
  category: 'category',
  freeText: 'freeText',
  ignored: null,
};

const standsAlone: ReadonlySet<SlotKind> = new Set<SlotKind>(['date', 'identifier', 'category', 'freeText']);

const dateParts: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['dateYear', 'dateMonth', 'dateDay']);

const featureKinds: Readonly<Record<SlotKind, readonly FeatureKind[]>> = {
  personName: ['given', 'family'],
  organisation: ['organisation', 'legalForm'],
  email: ['email'],
  phone: ['phone'],
  address: ['address'],
  position: ['position'],
  date: ['date'],
  identifier: ['identifier'],
  domain: ['domain'],
  category: ['category'],
  freeText: ['freeText'],
  link: [],
};

const featureWords: Readonly<Record<FeatureKind, string>> = {
  given: 'given name',
  family: 'family name',
  organisation: 'organisation',
  legalForm: 'legal form',
  email: 'email',
  phone: 'phone',
  address: 'address',
  position: 'position',
  date: 'date',
  identifier: 'identifier',
  domain: 'domain',
  category: 'category',
  freeText: 'text',
};

/** Groups the columns of a schema into slots and derives the comparisons. The order follows the schema, so equal schemas give equal plans. */
export function planOf(schema: Schema): Plan {
  const groups = new Map<string, Column[]>();
  for (const column of schema.columns) {
    const kind = slotKinds[column.kind];
    if (kind === null) continue;
    const group = column.group ?? (standsAlone.has(kind) && !dateParts.has(column.kind) ? column.name : '');
    const key = `${kind}:${group}`;
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [column]);
    else members.push(column);
  }
  const slots: Slot[] = [];
  const features: Feature[] = [];
  const isOfLinks = (key: string): boolean => key.startsWith('link:');
  // Links come last, so that every other slot is where it would be without them.
  const ordered = [...groups].sort(([left], [right]) => Number(isOfLinks(left)) - Number(isOfLinks(right)));
  for (const [key, columns] of ordered) {
    const kind = key.slice(0, key.indexOf(':')) as SlotKind;
    const group = key.slice(key.indexOf(':') + 1);
    slots.push({
      name: group === '' ? kind : group,
      kind,
      columns: columns.map(({ name, kind: columnKind }) => ({ name, kind: columnKind })),
      verified: columns.some((column) => column.verified === true),
      dateOrder: columns.find((column) => column.dateOrder !== undefined)?.dateOrder ?? 'monthFirst',
    });
    for (const featureKind of featureKinds[kind]) {
      const words = featureWords[featureKind];
      const name = group === '' ? words : standsAlone.has(kind) ? group : `${group} ${words}`;
      features.push({ name, kind: featureKind, slot: slots.length - 1 });
    }
  }
  return { slots, features };
}
