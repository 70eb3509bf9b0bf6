/** One direction of an association type of the vendor. */
export interface AssociationType {
  readonly typeId: number;
  readonly from: string;
  readonly to: string;
  /** Name in the v3 form, e.g. `contact_to_company`. */
  readonly name: string;
  /** Label in the v4 form; null for the unlabelled type. */
  readonly label: string | null;
  /** The same association seen from the other side. */
  readonly inverse: number;
}

interface PairSpec {
  readonly from: string;
  readonly to: string;
  readonly fromSingular: string;
  readonly toSingular: string;
  readonly unlabelled: readonly [number, number];
  readonly primary?: readonly [number, number];
}

const pairs: readonly PairSpec[] = [
  {
    from: 'contacts',
    to: 'companies',
    fromSingular: 'contact',
    toSingular: 'company',
    unlabelled: [279, 280],
    primary: [1, 2],
  },
  { from: 'deals', to: 'contacts', fromSingular: 'deal', toSingular: 'contact', unlabelled: [3, 4] },
  {
    from: 'deals',
    to: 'companies',
    fromSingular: 'deal',
    toSingular: 'company',
    unlabelled: [341, 342],
    primary: [5, 6],
  },
  { from: 'tickets', to: 'contacts', fromSingular: 'ticket', toSingular: 'contact', unlabelled: [16, 15] },
  {
    from: 'tickets',
    to: 'companies',
    fromSingular: 'ticket',
    toSingular: 'company',
    unlabelled: [339, 340],
    primary: [26, 25],
  },
  { from: 'tickets', to: 'deals', fromSingular: 'ticket', toSingular: 'deal', unlabelled: [28, 27] },
  {
    from: 'feedback_submissions',
    to: 'contacts',
    fromSingular: 'feedback_submission',
    toSingular: 'contact',
    unlabelled: [98, 97],
  },
  {
    from: 'feedback_submissions',
    to: 'tickets',
    fromSingular: 'feedback_submission',
    toSingular: 'ticket',
    unlabelled: [100, 99],
  },
  { from: 'calls', to: 'contacts', fromSingular: 'call', toSingular: 'contact', unlabelled: [194, 193] },
  { from: 'calls', to: 'companies', fromSingular: 'call', toSingular: 'company', unlabelled: [182, 181] },
  { from: 'calls', to: 'deals', fromSingular: 'call', toSingular: 'deal', unlabelled: [206, 205] },
  { from: 'emails', to: 'contacts', fromSingular: 'email', toSingular: 'contact', unlabelled: [198, 197] },
  { from: 'emails', to: 'companies', fromSingular: 'email', toSingular: 'company', unlabelled: [186, 185] },
  { from: 'emails', to: 'deals', fromSingular: 'email', toSingular: 'deal', unlabelled: [210, 209] },
  { from: 'meetings', to: 'contacts', fromSingular: 'meeting_event', toSingular: 'contact', unlabelled: [200, 199] },
  { from: 'meetings', to: 'companies', fromSingular: 'meeting_event', toSingular: 'company', unlabelled: [188, 187] },
  { from: 'meetings', to: 'deals', fromSingular: 'meeting_event', toSingular: 'deal', unlabelled: [212, 211] },
  { from: 'notes', to: 'contacts', fromSingular: 'note', toSingular: 'contact', unlabelled: [202, 201] },
  { from: 'notes', to: 'companies', fromSingular: 'note', toSingular: 'company', unlabelled: [190, 189] },
  { from: 'notes', to: 'deals', fromSingular: 'note', toSingular: 'deal', unlabelled: [214, 213] },
  { from: 'tasks', to: 'contacts', fromSingular: 'task', toSingular: 'contact', unlabelled: [204, 203] },
  { from: 'tasks', to: 'companies', fromSingular: 'task', toSingular: 'company', unlabelled: [192, 191] },
  { from: 'tasks', to: 'deals', fromSingular: 'task', toSingular: 'deal', unlabelled: [216, 215] },
];

const types: AssociationType[] = [
  {
    typeId: 13,
    from: 'companies',
    to: 'companies',
    name: 'parent_to_child_company',
    label: 'Child Company',
    inverse: 14,
  },
  {
    typeId: 14,
    from: 'companies',
    to: 'companies',
    name: 'child_to_parent_company',
    label: 'Parent Company',
    inverse: 13,
  },
  { typeId: 449, from: 'contacts', to: 'contacts', name: 'contact_to_contact', label: null, inverse: 449 },
  { typeId: 450, from: 'companies', to: 'companies', name: 'company_to_company', label: null, inverse: 450 },
];
for (const pair of pairs) {
  const there = `${pair.fromSingular}_to_${pair.toSingular}`;
  const back = `${pair.toSingular}_to_${pair.fromSingular}`;
  const [out, home] = pair.unlabelled;
  // Where a primary type exists, the plain name is the primary one's and the other gets a suffix.
  const suffix = pair.primary === undefined ? '' : '_unlabeled';
  types.push({ typeId: out, from: pair.from, to: pair.to, name: there + suffix, label: null, inverse: home });
  types.push({ typeId: home, from: pair.to, to: pair.from, name: back + suffix, label: null, inverse: out });
  if (pair.primary === undefined) continue;
  const [primaryOut, primaryHome] = pair.primary;
  types.push({ typeId: primaryOut, from: pair.from, to: pair.to, name: there, label: 'Primary', inverse: primaryHome });
  types.push({ typeId: primaryHome, from: pair.to, to: pair.from, name: back, label: 'Primary', inverse: primaryOut });
}

const byId = new Map(types.map((type) => [type.typeId, type]));
const byPair = Map.groupBy(types, (type) => `${type.from}>${type.to}`);

export const associationType = (typeId: number): AssociationType | undefined => byId.get(typeId);

/** The types that lead from one object to another, unlabelled first. */
export const associationTypesBetween = (from: string, to: string): readonly AssociationType[] =>
  byPair.get(`${from}>${to}`) ?? [];

/** The type that a plain association between two objects gets. */
export const defaultAssociationType = (from: string, to: string): AssociationType | undefined =>
  associationTypesBetween(from, to).find((type) => type.label === null);

/** The primary type between two objects, where there is one. */
export const primaryAssociationType = (from: string, to: string): AssociationType | undefined =>
  associationTypesBetween(from, to).find((type) => type.label === 'Primary');
