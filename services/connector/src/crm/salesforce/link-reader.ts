import { isSalesforceId, longSalesforceId } from '@kempt/contracts';
import { CrmError } from '../crm-error.ts';
import type { ReferenceLink } from '../crm-writer.ts';
import type { ObjectCatalogue } from './object-catalogue.ts';
import { textLiteral } from './soql.ts';

export interface LinkReader {
  /** Every field of another record that names this one and can be made to name another. */
  read(object: string, recordId: string, signal: AbortSignal): Promise<readonly ReferenceLink[]>;
}

/** A child object with its fields that name the parent. */
interface ChildObject {
  readonly object: string;
  readonly fields: readonly { readonly name: string; readonly isFixed: boolean }[];
}

/** Follow-ups of other objects, which Salesforce keeps by itself: who may see a record, what happened to it. */
const kept = /(?:Share|History|Feed|ChangeEvent|__Tag)$/;

/** What objects say that are listed as ones that can be queried, and yet take no condition such as this. */
const unsearchable = new Set(['MALFORMED_QUERY', 'INVALID_TYPE', 'INVALID_TYPE_FOR_OPERATION']);

const rowsPerQuery = 2_000;

/**
 * Finds the children of a record: the list of child relationships in the description of its object says where to look.
 * Fields that Salesforce works out or fills once and for all are left out or marked, since nobody can put them back.
 */
export function createLinkReader(options: {
  readonly catalogue: ObjectCatalogue;
  /** Rows of records that are not deleted; all pages. */
  readonly query: (soql: string, signal: AbortSignal) => Promise<readonly unknown[]>;
}): LinkReader {
  const { catalogue } = options;

  async function childObjects(object: string, signal: AbortSignal): Promise<readonly ChildObject[]> {
    const { children } = await catalogue.object(object, signal);
    const queryable = await catalogue.queryable(signal);
    const names = [...new Set(children.map((child) => child.object))].filter(
      (name) => queryable.has(name) && !kept.test(name),
    );
    const found = await Promise.all(
      names.map(async (name): Promise<ChildObject> => {
        const references = await catalogue.references(name, signal);
        const fields = children
          .filter((child) => child.object === name)
          .flatMap(({ field }) => {
            const reference = references.get(field);
            return reference === undefined ? [] : [{ name: field, isFixed: reference.isFixed }];
          });
        return { object: name, fields };
      }),
    );
    return found.filter(({ fields }) => fields.length > 0);
  }

  async function childrenOf(child: ChildObject, recordId: string, signal: AbortSignal): Promise<ReferenceLink[]> {
    const names = child.fields.map(({ name }) => name);
    const where = names.map((name) => `${name} = ${textLiteral(recordId)}`).join(' OR ');
    const links: ReferenceLink[] = [];
    for (let after = ''; ; ) {
      const beyond = after === '' ? '' : ` AND Id > ${textLiteral(after)}`;
      const rows = await options.query(
        `SELECT Id,${names.join(',')} FROM ${child.object} WHERE (${where})${beyond} ORDER BY Id LIMIT ${rowsPerQuery}`,
        signal,
      );
      for (const row of rows) links.push(...linksOf(row, child, recordId));
      const last = (rows.at(-1) as { Id?: unknown } | undefined)?.Id;
      if (rows.length < rowsPerQuery || typeof last !== 'string') return links;
      after = last;
    }
  }

  return {
    async read(object, recordId, signal) {
      if (!isSalesforceId(recordId)) return [];
      const children = await childObjects(object, signal);
      const found = await Promise.all(
        children.map(async (child) => {
          try {
            return await childrenOf(child, longSalesforceId(recordId), signal);
          } catch (error) {
            if (error instanceof CrmError && unsearchable.has(error.code)) return [];
            throw error;
          }
        }),
      );
      return found.flat();
    },
  };
}

function linksOf(row: unknown, child: ChildObject, recordId: string): ReferenceLink[] {
  const values = (row ?? {}) as Readonly<Record<string, unknown>>;
  const childId = values.Id;
  if (!isSalesforceId(childId)) return [];
  return child.fields
    .filter(({ name }) => isSalesforceId(values[name]) && longSalesforceId(values[name]) === recordId)
    .map(({ name, isFixed }) => ({
      kind: 'reference',
      object: child.object,
      recordId: longSalesforceId(childId),
      field: name,
      ...(isFixed ? { isFixed } : {}),
    }));
}
