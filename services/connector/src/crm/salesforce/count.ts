import type { ObjectSchema } from '../../schema/object-schema.ts';
import { CrmError } from '../crm-error.ts';
import type { QueryPage } from './object-reader.ts';

/** Counts the living records that the reader of the object shows: archived activities are among them. */
export async function countRecords(
  options: {
    readonly schema: ObjectSchema;
    readonly query: (soql: string, signal: AbortSignal) => Promise<QueryPage>;
  },
  signal: AbortSignal,
): Promise<number> {
  const { object, fields } = options.schema;
  const where = fields.some(({ name }) => name === 'IsDeleted') ? ' WHERE IsDeleted = false' : '';
  const { rows } = await options.query(`SELECT COUNT(Id) FROM ${object}${where}`, signal);
  const count = (rows[0] as { expr0?: unknown } | undefined)?.expr0;
  if (typeof count === 'number' && Number.isInteger(count)) return count;
  throw new CrmError({
    kind: 'malformed',
    code: 'malformed-count',
    message: `Salesforce answered without the number of records of ${object}.`,
  });
}
