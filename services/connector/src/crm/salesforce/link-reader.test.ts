import { describe, expect, test } from '@jest/globals';
import { CrmError } from '../crm-error.ts';
import { createLinkReader } from './link-reader.ts';
import { createObjectCatalogue } from './object-catalogue.ts';

const signal = new AbortController().signal;
const contactId = '003000000000001AAA';

interface DescribedField {
  readonly name: string;
  readonly type: string;
  readonly createable?: boolean;
  readonly updateable?: boolean;
  readonly filterable?: boolean;
}

const reference = (name: string, given: Omit<DescribedField, 'name' | 'type'> = {}): DescribedField => ({
  name,
  type: 'reference',
  createable: true,
  updateable: true,
  filterable: true,
  ...given,
});

/** An org by its descriptions, with the children that each object has of the contact. */
function org(
  children: Readonly<Record<string, readonly DescribedField[]>>,
  options: { readonly notQueryable?: readonly string[]; readonly fails?: Readonly<Record<string, string>> } = {},
) {
  const asked: string[] = [];
  const queries: string[] = [];
  const get = async (path: string): Promise<unknown> => {
    asked.push(path);
    if (path === '/sobjects') {
      return {
        sobjects: ['Contact', ...Object.keys(children)].map((name) => ({
          name,
          queryable: options.notQueryable?.includes(name) !== true,
        })),
      };
    }
    const object = path.split('/')[2] ?? '';
    const childRelationships = Object.entries(children).flatMap(([childSObject, fields]) =>
      fields.map(({ name: field }) => ({ childSObject, field })),
    );
    return object === 'Contact'
      ? { queryable: true, fields: [{ name: 'Id', type: 'id' }], childRelationships }
      : { queryable: true, fields: children[object], childRelationships: [] };
  };
  const reader = createLinkReader({
    catalogue: createObjectCatalogue({ get, now: () => 0 }),
    async query(soql) {
      queries.push(soql);
      const object = /FROM (\w+)/.exec(soql)?.[1] ?? '';
      const code = options.fails?.[object];
      if (code !== undefined) throw new CrmError({ kind: 'validation', code, message: code });
      const fields = (children[object] ?? []).map(({ name }) => [name, contactId]);
      return [{ Id: `${object.padEnd(15, '0').slice(0, 15)}AAA`, ...Object.fromEntries(fields) }];
    },
  });
  return { reader, asked, queries };
}

describe('children of a record', () => {
  test('are found by every field that names it, with one query an object', async () => {
    const { reader, queries } = org({
      Task: [reference('WhoId'), reference('Other__c')],
      Case: [reference('ContactId')],
    });
    const links = await reader.read('Contact', contactId, signal);
    expect(links.map((link) => `${link.object}.${link.field}`)).toEqual([
      'Task.WhoId',
      'Task.Other__c',
      'Case.ContactId',
    ]);
    expect(queries).toHaveLength(2);
    expect(queries[0]).toContain(`WHERE (WhoId = '${contactId}' OR Other__c = '${contactId}')`);
  });

  test('are marked when nobody can put them back, and left out when the CRM keeps the field itself', async () => {
    const { reader, queries } = org({
      CampaignMember: [reference('ContactId', { updateable: false })],
      Quote: [reference('AccountId', { updateable: false, createable: false })],
      Odd__c: [reference('Contact__c', { filterable: false })],
      ContactShare: [reference('ContactId')],
      ContactHistory: [reference('ContactId')],
    });
    expect(await reader.read('Contact', contactId, signal)).toEqual([
      {
        kind: 'reference',
        object: 'CampaignMember',
        recordId: 'CampaignMember0AAA',
        field: 'ContactId',
        isFixed: true,
      },
    ]);
    expect(queries).toHaveLength(1);
  });

  test('of objects that cannot be searched are left out; any other refusal is told', async () => {
    const children = {
      Task: [reference('WhoId')],
      Strange: [reference('ContactId')],
      Hidden: [reference('ContactId')],
    };
    const options = { notQueryable: ['Hidden'], fails: { Strange: 'MALFORMED_QUERY' } };
    const links = await org(children, options).reader.read('Contact', contactId, signal);
    expect(links.map(({ object }) => object)).toEqual(['Task']);
    const { reader } = org(children, { fails: { Task: 'INVALID_FIELD' } });
    await expect(reader.read('Contact', contactId, signal)).rejects.toMatchObject({ code: 'INVALID_FIELD' });
  });

  test('are looked up without describing the objects again', async () => {
    const { reader, asked } = org({ Task: [reference('WhoId')] });
    await reader.read('Contact', contactId, signal);
    const before = asked.length;
    await reader.read('Contact', contactId, signal);
    expect(asked).toHaveLength(before);
  });

  test('are not guessed when the org does not say which objects it has', async () => {
    const get = async (path: string) =>
      path === '/sobjects' ? { error: 'odd' } : { fields: [], childRelationships: [] };
    const catalogue = createObjectCatalogue({ get, now: () => 0 });
    const reader = createLinkReader({ catalogue, query: async () => [] });
    await expect(reader.read('Contact', contactId, signal)).rejects.toMatchObject({ kind: 'malformed' });
  });
});
