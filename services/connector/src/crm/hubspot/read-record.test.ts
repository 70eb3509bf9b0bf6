import { describe, expect, test } from '@jest/globals';
import { readableProperties } from './property-types.ts';
import { associatedIds, inlineAssociations, type ReadOptions, readObject } from './read-record.ts';

const fields = readableProperties('contacts', [
  { name: 'lastmodifieddate', type: 'datetime' },
  { name: 'email', type: 'string' },
  { name: 'num_notes', type: 'number' },
  { name: 'hs_email_optout', type: 'bool' },
  { name: 'interests', type: 'enumeration', fieldType: 'checkbox' },
  { name: 'lifecyclestage', type: 'enumeration', fieldType: 'radio' },
  { name: 'hs_merged_object_ids', type: 'enumeration', fieldType: 'select' },
  { name: 'gone', type: 'string', archived: true },
]);

const options: ReadOptions = {
  fields,
  stampProperty: 'lastmodifieddate',
  associationsOf: (id) => new Map([['associations.companies', id === '7' ? ['5'] : []]]),
};

const stamp = '2026-01-01T00:00:00.123Z';

describe('objects of HubSpot', () => {
  test('become typed records with their associations, blank properties left out, in the order of the names', () => {
    const properties = {
      lastmodifieddate: stamp,
      email: 'ann@acme.example',
      num_notes: '3',
      hs_email_optout: 'true',
      interests: 'a;b',
      lifecyclestage: 'lead;x',
      hs_merged_object_ids: '51;1',
      gone: 'x',
    };
    const read = readObject({ id: '7', properties, archived: false }, options);
    expect(read).toMatchObject({
      record: {
        recordId: '7',
        modifiedAtMs: Date.parse(stamp),
        mergedFrom: ['51', '1'],
        fields: {
          'associations.companies': ['5'],
          email: 'ann@acme.example',
          hs_email_optout: true,
          hs_merged_object_ids: ['51', '1'],
          interests: ['a', 'b'],
          lastmodifieddate: { timestamp: stamp },
          lifecyclestage: 'lead;x',
          num_notes: { decimal: '3' },
        },
      },
    });
    const names = 'record' in read ? Object.keys(read.record.fields) : [];
    expect(names).toEqual([...names].sort());
  });

  test('that are archived bear the stamp of their archiving', () => {
    const archivedAt = '2026-02-01T00:00:00.000Z';
    const read = readObject({ id: '8', properties: { lastmodifieddate: stamp }, archived: true, archivedAt }, options);
    expect(read).toMatchObject({ record: { deleted: true, modifiedAtMs: Date.parse(archivedAt) } });
  });

  test.each([
    [7, 'not-a-record', ''],
    [{ properties: {} }, 'missing-id', ''],
    [{ id: 'x', properties: {} }, 'missing-id', ''],
    [{ id: '7' }, 'not-a-record', '7'],
    [{ id: '7', properties: {} }, 'missing-stamp', '7'],
    [{ id: '7', properties: { lastmodifieddate: stamp, email: { a: 1 } } }, 'unexpected-value', '7'],
  ])('%j is skipped as %s', (given, reason, recordId) => {
    expect(readObject(given, options)).toMatchObject({ skipped: { reason, recordId } });
  });
});

describe('associations', () => {
  test('the primary one comes first, the others in the order of their numbers, each once', () => {
    const entries = [
      { id: '100', primary: false },
      { id: '20', primary: true },
      { id: '20', primary: false },
      { id: '3', primary: false },
    ];
    expect(associatedIds(entries)).toEqual(['20', '3', '100']);
  });

  test('of a list are taken from it, unless the list was cut', () => {
    const results = [
      { id: '5', type: 'contact_to_company_unlabeled' },
      { id: '9', type: 'contact_to_company' },
      { id: '9', type: 'contact_to_company_unlabeled' },
    ];
    expect(inlineAssociations({ associations: { companies: { results } } }, ['companies'])).toEqual(
      new Map([['associations.companies', ['9', '5']]]),
    );
    expect(inlineAssociations({}, ['companies'])).toEqual(new Map([['associations.companies', []]]));
    expect(
      inlineAssociations({ associations: { companies: { results, paging: { next: { after: '100' } } } } }, [
        'companies',
      ]),
    ).toBeNull();
  });
});
