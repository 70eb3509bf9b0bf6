/** A name with its place in the query text. */
export interface FieldPath {
  readonly parts: readonly string[];
  readonly position: number;
}

export type SelectItem =
  | { readonly kind: 'field'; readonly path: FieldPath; readonly alias: string | null }
  | {
      readonly kind: 'aggregate';
      readonly fn: AggregateFunction;
      readonly path: FieldPath | null;
      readonly alias: string | null;
      readonly position: number;
    }
  | { readonly kind: 'all-fields'; readonly which: 'ALL' | 'STANDARD' | 'CUSTOM'; readonly position: number }
  | { readonly kind: 'children'; readonly query: SoqlQuery; readonly position: number };

export type AggregateFunction = 'COUNT' | 'COUNT_DISTINCT' | 'MIN' | 'MAX' | 'SUM' | 'AVG';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE';

export type Literal =
  | { readonly kind: 'string'; readonly value: string; readonly position: number }
  | { readonly kind: 'number'; readonly value: number; readonly position: number }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly position: number }
  | { readonly kind: 'null'; readonly position: number }
  /** A point in time in milliseconds since the epoch. */
  | { readonly kind: 'datetime'; readonly value: number; readonly position: number }
  /** `YYYY-MM-DD`. */
  | { readonly kind: 'date'; readonly value: string; readonly position: number }
  /** `TODAY`, `LAST_N_DAYS:7` and the like. */
  | { readonly kind: 'relative-date'; readonly name: string; readonly count: number; readonly position: number };

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly kind: 'not'; readonly term: Condition }
  | { readonly kind: 'compare'; readonly path: FieldPath; readonly operator: Comparison; readonly value: Literal }
  | { readonly kind: 'in'; readonly path: FieldPath; readonly negated: boolean; readonly values: readonly Literal[] }
  | { readonly kind: 'in-query'; readonly path: FieldPath; readonly negated: boolean; readonly query: SoqlQuery };

export interface OrderItem {
  readonly path: FieldPath;
  readonly descending: boolean;
  readonly nullsLast: boolean;
}

export interface SoqlQuery {
  readonly text: string;
  readonly select: readonly SelectItem[];
  readonly from: FieldPath;
  readonly where: Condition | null;
  readonly groupBy: readonly FieldPath[];
  readonly orderBy: readonly OrderItem[];
  readonly limit: number | null;
  readonly offset: number;
}
