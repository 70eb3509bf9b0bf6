/** Every kind of column there is. */
export const columnKinds = [
  'personName',
  'givenName',
  'middleName',
  'familyName',
  'nameSuffix',
  'organisation',
  'email',
  'phone',
  'address',
  'houseNumber',
  'street',
  'city',
  'postalCode',
  'region',
  'country',
  'position',
  'latitude',
  'longitude',
  'date',
  'dateYear',
  'dateMonth',
  'dateDay',
  'identifier',
  'domain',
  'url',
  'recordId',
  'recordLink',
  'category',
  'freeText',
  'ignored',
] as const;

/** What a column holds. It decides how values are normalised, blocked and compared. */
export type ColumnKind = (typeof columnKinds)[number];

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /**
   * Columns of one kind and one group are values of one multi-valued property (`Phone` and `MobilePhone`); address parts of one group make
   * one address. Without it e-mails, phones, person names, organisation names and domains form one group each, address parts one address,
   * date parts one date, record ids and links one group, and every other column stands alone.
   */
  readonly group?: string;
  /** An identifier that an authority has issued: two records that both have one and differ can never be one entity. */
  readonly verified?: boolean;
  /** How ambiguous dates such as 03/04/1980 are read. Without it the values decide. */
  readonly dateOrder?: 'dayFirst' | 'monthFirst';
}

export interface Schema {
  /** `person`, `organisation`, or `mixed` where rows of both stand in one table; other words are allowed and mean nothing special. */
  readonly entityKind: string;
  readonly columns: readonly Column[];
  /** ISO 3166 alpha-2 code that national phone numbers are read in when the record's own country does not say. */
  readonly defaultCountry?: string;
}

export type FieldValue = string | readonly string[] | null | undefined;

export interface InputRecord {
  readonly id: string;
  readonly source: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** Columns that only say which records name each other: of two records without a link they tell nothing. */
export function isLinkKind(kind: ColumnKind): boolean {
  return kind === 'recordId' || kind === 'recordLink';
}

const knownKinds: ReadonlySet<string> = new Set(columnKinds);

/** A schema that cannot be used; `column` names the culprit. */
export class SchemaError extends Error {
  readonly code = 'schema-invalid';
  readonly retriable = false;
  readonly column: string;

  constructor(column: string, message: string) {
    super(message);
    this.name = 'SchemaError';
    this.column = column;
  }
}

/** Throws SchemaError when a column has an unknown kind or stands twice, or when nothing is left to compare. */
export function checkSchema(schema: Schema): void {
  const seen = new Set<string>();
  let compared = 0;
  for (const column of schema.columns) {
    if (!knownKinds.has(column.kind)) {
      throw new SchemaError(
        column.name,
        `column ${column.name} has the unknown kind ${column.kind}; use one of ${columnKinds.join(', ')}`,
      );
    }
    if (seen.has(column.name)) {
      throw new SchemaError(column.name, `column ${column.name} is declared twice; name every column once`);
    }
    seen.add(column.name);
    if (column.kind !== 'ignored' && !isLinkKind(column.kind)) compared += 1;
  }
  if (compared === 0) {
    throw new SchemaError(
      '',
      'the schema has no column to compare; give at least one column a kind other than ignored, recordId and recordLink',
    );
  }
}
