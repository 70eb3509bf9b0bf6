import { InvalidKeyError, parseRecordRef, type RecordRefFields } from '@kempt/contracts';
import { type Static, Type } from 'typebox';
import type { FieldChanges } from '../crm/crm-writer.ts';
import { decimalText } from '../schema/decimal-text.ts';
import type { FieldValue } from '../schema/field-value.ts';
import type { Operation } from './operation.ts';

const RefSchema = Type.String({ minLength: 5, maxLength: 300, description: 'account:object:recordId' });
const FieldsSchema = Type.Record(Type.String({ minLength: 1, maxLength: 200 }), Type.Unknown(), {
  maxProperties: 500,
  description: 'New values by field name; null makes a field blank. Numbers also as decimal text',
});

/** What may be asked for. */
export const OperationRequestSchema = Type.Union(
  [
    Type.Object(
      { kind: Type.Literal('update'), record: RefSchema, fields: FieldsSchema },
      { additionalProperties: false, title: 'Update' },
    ),
    Type.Object(
      {
        kind: Type.Literal('merge'),
        master: RefSchema,
        losers: Type.Array(RefSchema, { minItems: 1, maxItems: 20 }),
        fields: Type.Optional(FieldsSchema),
      },
      { additionalProperties: false, title: 'Merge' },
    ),
    Type.Object(
      {
        kind: Type.Union([Type.Literal('associate'), Type.Literal('dissociate')]),
        from: RefSchema,
        to: RefSchema,
        label: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      },
      { additionalProperties: false, title: 'Association' },
    ),
    Type.Object(
      { kind: Type.Literal('undelete'), record: RefSchema },
      { additionalProperties: false, title: 'Undelete' },
    ),
  ],
  { title: 'OperationRequest' },
);

export type OperationRequest = Static<typeof OperationRequestSchema>;

/** Something that is wrong with a request. */
export interface OperationProblem {
  /** JSON pointer from the list of operations on. */
  readonly pointer: string;
  readonly detail: string;
}

/** A value as it was sent; undefined when no field can hold it. Its kind is settled where the field is known. */
function valueOf(raw: unknown): FieldValue | null | undefined {
  if (raw === null || typeof raw === 'boolean') return raw;
  if (typeof raw === 'string') return raw === '' ? null : raw;
  if (typeof raw === 'number') {
    const decimal = decimalText(String(raw));
    return decimal === undefined ? undefined : { decimal };
  }
  if (Array.isArray(raw)) {
    return raw.every((item) => typeof item === 'string') ? (raw.length === 0 ? null : (raw as string[])) : undefined;
  }
  const { decimal, timestamp } = raw as { decimal?: unknown; timestamp?: unknown };
  if (typeof decimal === 'string' && decimalText(decimal) !== undefined) return { decimal };
  if (typeof timestamp === 'string') return { timestamp };
  return undefined;
}

/** Reads what was asked for, as far as it can be understood without the CRM. */
export function parseOperations(requests: readonly OperationRequest[]): {
  readonly operations: readonly Operation[];
  readonly problems: readonly OperationProblem[];
} {
  const problems: OperationProblem[] = [];
  const operations: Operation[] = [];

  function refOf(text: string, pointer: string): RecordRefFields | null {
    try {
      return parseRecordRef(text);
    } catch (error) {
      if (!(error instanceof InvalidKeyError)) throw error;
      problems.push({ pointer, detail: `${text} is no record: it must look like sf:<org id>:<object>:<record id>.` });
      return null;
    }
  }

  function fieldsOf(raw: Readonly<Record<string, unknown>>, pointer: string): FieldChanges {
    const fields: Record<string, FieldValue | null> = {};
    for (const name of Object.keys(raw).sort()) {
      const value = valueOf(raw[name]);
      if (value === undefined)
        problems.push({ pointer: `${pointer}/${name}`, detail: `${name}: no field holds such a value.` });
      else fields[name] = value;
    }
    return fields;
  }

  for (const [index, request] of requests.entries()) {
    const at = `/${index}`;
    switch (request.kind) {
      case 'update': {
        const record = refOf(request.record, `${at}/record`);
        const fields = fieldsOf(request.fields, `${at}/fields`);
        if (record !== null) operations.push({ kind: 'update', record, fields });
        break;
      }
      case 'merge': {
        const master = refOf(request.master, `${at}/master`);
        const losers = request.losers.map((loser, place) => refOf(loser, `${at}/losers/${place}`));
        const fields = fieldsOf(request.fields ?? {}, `${at}/fields`);
        const known = losers.filter((loser) => loser !== null);
        if (master !== null && known.length === losers.length) {
          operations.push({ kind: 'merge', master, losers: known, fields });
        }
        break;
      }
      case 'associate':
      case 'dissociate': {
        const from = refOf(request.from, `${at}/from`);
        const to = refOf(request.to, `${at}/to`);
        if (from !== null && to !== null) {
          const label = request.label === undefined ? {} : { label: request.label };
          operations.push({ kind: request.kind, from, to, ...label });
        }
        break;
      }
      case 'undelete': {
        const record = refOf(request.record, `${at}/record`);
        if (record !== null) operations.push({ kind: 'undelete', record });
        break;
      }
    }
  }
  return { operations, problems };
}
