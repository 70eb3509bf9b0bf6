/** Kinds of records that rules speak of. */
export const entities = ['person', 'organisation', 'deal'] as const;
export type Entity = (typeof entities)[number];

/** What a rule looks at; the names of the parts of a score. */
export const dimensions = ['completeness', 'validity', 'uniqueness', 'freshness', 'consistency'] as const;
export type Dimension = (typeof dimensions)[number];

export const severities = ['low', 'medium', 'high'] as const;
export type Severity = (typeof severities)[number];

export const formats = ['email', 'phone', 'web-address'] as const;
export type Format = (typeof formats)[number];

/** How a rule judges a record. Fields are canonical; fields of an address are written `address.city`. */
export type Check =
  /** At least one of the fields says something. */
  | { readonly kind: 'filled'; readonly anyOf: readonly string[] }
  /** Every value of the field has the format. Does not apply to a blank field. */
  | { readonly kind: 'format'; readonly field: string; readonly format: Format }
  /** No other record of the same object is the same person or organisation. */
  | { readonly kind: 'unique' }
  /** Somebody changed the record in the last so many days. */
  | { readonly kind: 'changed-within'; readonly days: number }
  /** Every value that has a standard way of writing is written in it. Does not apply where there is none to write. */
  | { readonly kind: 'standard'; readonly standardId: string }
  /** The day has not passed while the deal is open. */
  | { readonly kind: 'not-past-while-open'; readonly field: string };

/** One rule of data quality, as data. */
export interface Rule {
  readonly id: string;
  readonly entity: Entity;
  /** Only these objects, as the CRM names them. Absent: every object of the entity. */
  readonly objects?: readonly string[];
  readonly dimension: Dimension;
  readonly severity: Severity;
  /** How much it counts among the rules of its dimension; more than zero. */
  readonly weight: number;
  readonly enabled: boolean;
  readonly check: Check;
  /** For people: what is wrong and what to do. */
  readonly message: string;
}

/** The canonical field that an issue of the rule is about; empty when it is about the whole record. */
export function fieldOf({ check }: Rule): string {
  if (check.kind === 'filled') return check.anyOf[0] ?? '';
  return check.kind === 'format' || check.kind === 'not-past-while-open' ? check.field : '';
}
