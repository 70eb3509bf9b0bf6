import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fields, FieldValue } from '../schema/field-value.ts';
import { canonicalFields } from './canonical-record.ts';
import { defaultFieldMaps } from './default-field-maps.ts';
import {
  compileFieldMap,
  type DetailedFieldRule,
  type FieldMap,
  type FieldRule,
  InvalidFieldMapError,
} from './field-map.ts';
import { createFieldMaps } from './field-maps.ts';

const account = 'sf:00D000000000001AAA';
const maps = createFieldMaps();

const everyMap = (['salesforce', 'hubspot'] as const).flatMap((system) =>
  Object.keys(defaultFieldMaps[system]).map((object) => ({ system, object })),
);

const sourcesOf = (rule: FieldRule): readonly string[] => {
  if (typeof rule === 'string') return [rule];
  if (Array.isArray(rule)) return rule;
  const { from = [] } = rule as DetailedFieldRule;
  return typeof from === 'string' ? [from] : from;
};

/** Values such as the CRM could hold in the fields that a map reads. */
function arbitraryFields(map: FieldMap): fc.Arbitrary<Fields> {
  const kinds = new Map<string, string>();
  for (const [path, rule] of Object.entries(map.fields)) {
    for (const name of sourcesOf(rule))
      if (!kinds.has(name)) kinds.set(name, canonicalFields[map.entity][path] ?? 'text');
  }
  const word = fc.stringMatching(/^[A-Za-z][A-Za-z ]{0,8}[A-Za-z]$/);
  const valueOf = (name: string, kind: string): fc.Arbitrary<FieldValue> => {
    if (name.startsWith('associations.'))
      return fc.uniqueArray(fc.integer({ min: 1, max: 999 }).map(String), { minLength: 1 });
    switch (kind) {
      case 'decimal':
        return fc.integer({ min: 0, max: 1e6 }).map((number) => ({ decimal: String(number) }));
      case 'boolean':
        return fc.boolean();
      case 'date':
        return fc.constantFrom('2026-01-31', '1980-02-03');
      case 'timestamp':
        return fc.constantFrom({ timestamp: '2026-01-31T10:00:00.000Z' }, { timestamp: '2025-01-31T10:00:00.500Z' });
      case 'links':
        return fc.constantFrom('003000000000002', '00Q000000000003AAA', '001000000000001AAA', 'unknown');
      case 'reference':
      case 'references':
        return fc.constantFrom('001000000000001AAA', '003000000000002AAA');
      default:
        return /website/i.test(name) ? fc.constantFrom('https://www.acme.example/a', 'acme.example') : word;
    }
  };
  const entries = [...kinds].map(([name, kind]) => [name, fc.option(valueOf(name, kind), { nil: undefined })] as const);
  return fc
    .record(Object.fromEntries(entries))
    .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields);
}

describe('field maps', () => {
  test.each(everyMap)(
    'what $object of $system projects to, written back, projects to the same',
    ({ system, object }) => {
      const map = maps.of(system, object);
      if (map === null) throw new Error('no map');
      fc.assert(
        fc.property(arbitraryFields(map.source), (fields) => {
          const canonical = map.project(account, fields);
          const again = map.project(account, { ...fields, ...map.unproject(canonical) });
          expect(again).toEqual(canonical);
          // And from the written fields alone, as far as the map can be read backwards.
          const written = map.project(account, map.unproject(canonical));
          for (const [name, value] of Object.entries(written.fields)) expect(value).toEqual(canonical.fields[name]);
        }),
        { numRuns: 60 },
      );
    },
  );

  test('a Salesforce contact becomes a person, with its employer as a reference', () => {
    const person = maps.of('salesforce', 'Contact')?.project(account, {
      Name: 'Ms. Ann Lee',
      FirstName: 'Ann',
      LastName: 'Lee',
      Email: 'ann@acme.example',
      MobilePhone: '+1 555 1',
      HomePhone: '+1 555 1',
      MailingCity: 'Leeds',
      AccountId: '001000000000001AAA',
      HasOptedOutOfEmail: false,
      Birthdate: '1980-02-03',
    });
    expect(person).toEqual({
      entity: 'person',
      fields: {
        address: { city: 'Leeds' },
        birthDate: '1980-02-03',
        emailOptOut: false,
        emails: ['ann@acme.example'],
        familyName: 'Lee',
        fullName: 'Ms. Ann Lee',
        givenName: 'Ann',
        organisation: { account, object: 'Account', recordId: '001000000000001AAA' },
        phones: ['+1 555 1'],
      },
    });
  });

  test('a HubSpot contact has its additional addresses, and the primary company before the associated ones', () => {
    const person = maps.of('hubspot', 'contacts')?.project('hs:1', {
      firstname: 'Ann',
      email: 'ann@acme.example',
      hs_additional_emails: ['a@acme.example', 'ann@acme.example'],
      associatedcompanyid: { decimal: '7' },
      'associations.companies': ['5', '7'],
    });
    expect(person?.fields).toEqual({
      emails: ['ann@acme.example', 'a@acme.example'],
      fullName: 'Ann',
      givenName: 'Ann',
      organisation: { account: 'hs:1', object: 'companies', recordId: '7' },
    });
  });

  test('what the native sync of HubSpot and Salesforce left is told in one form, and anything else in its fields is not', () => {
    const linked = (fields: Fields) => maps.of('hubspot', 'contacts')?.project('hs:1', fields).fields.linkedRecords;
    expect(linked({ salesforcecontactid: '003d000000AZlfC', salesforceleadid: '00Qd000000AZlfCEAT' })).toEqual([
      { system: 'salesforce', object: 'Contact', recordId: '003d000000AZlfCAAT' },
      { system: 'salesforce', object: 'Lead', recordId: '00Qd000000AZlfCEAT' },
    ]);
    // Both forms of one id are one link.
    expect(linked({ salesforcecontactid: ' 003d000000AZlfC ', salesforceleadid: '003d000000AZlfCAAT' })).toHaveLength(
      1,
    );
    for (const other of ['', 'none', '003', '001d000000AZlfC', '003d000000AZlf!'])
      expect(linked({ salesforcecontactid: other })).toBeUndefined();
    expect(
      maps.of('hubspot', 'companies')?.project('hs:1', { salesforceaccountid: '001d000000AZlfC' }).fields.linkedRecords,
    ).toEqual([{ system: 'salesforce', object: 'Account', recordId: '001d000000AZlfCAAT' }]);
  });

  test('what an activity is about is named by the prefix of the id, or by the association', () => {
    const task = maps.of('salesforce', 'Task')?.project(account, { WhoId: '003X', WhatId: '00TX' });
    expect(task?.fields.about).toEqual([{ account, object: 'Contact', recordId: '003X' }]);
    const call = maps
      .of('hubspot', 'calls')
      ?.project('hs:1', { 'associations.deals': ['9'], 'associations.contacts': ['3'] });
    expect(call?.fields).toEqual({
      about: [
        { account: 'hs:1', object: 'contacts', recordId: '3' },
        { account: 'hs:1', object: 'deals', recordId: '9' },
      ],
      activityType: 'CALL',
    });
  });

  test.each([
    ['https://www.Acme.example/shop?x=1', 'acme.example'],
    ['acme.example', 'acme.example'],
    ['http://user@shop.acme.example:8080', 'shop.acme.example'],
    ['none', undefined],
  ])('the host of %s is %s', (website, domain) => {
    expect(maps.of('salesforce', 'Account')?.project(account, { Website: website }).fields.domain).toBe(domain);
  });

  test('a value that does not fit its canonical field is left out', () => {
    const deal = maps
      .of('hubspot', 'deals')
      ?.project('hs:1', { amount: 'a lot', hs_is_closed: 'maybe', closedate: 'soon' });
    expect(deal?.fields).toEqual({});
  });
});

describe('configured field maps', () => {
  test('replace and add fields, and leave the others', () => {
    const configured = createFieldMaps({
      salesforce: { Contact: { fields: { emails: ['Email', 'Second_Email__c'], lifecycleStage: 'Stage__c' } } },
    });
    const fields = { Email: 'a@x.example', Second_Email__c: 'b@x.example', Stage__c: 'Customer', LastName: 'Lee' };
    expect(configured.of('salesforce', 'Contact')?.project(account, fields).fields).toEqual({
      emails: ['a@x.example', 'b@x.example'],
      familyName: 'Lee',
      lifecycleStage: 'Customer',
    });
  });

  test('give an object a canonical form that it has not got by default', () => {
    const configured = createFieldMaps({ hubspot: { '2-123': { entity: 'organisation', fields: { name: 'title' } } } });
    expect(configured.of('hubspot', '2-123')?.project('hs:1', { title: 'X' })).toEqual({
      entity: 'organisation',
      fields: { name: 'X' },
    });
    expect(maps.of('hubspot', '2-123')).toBeNull();
  });

  test('name further fields that keep ids of Salesforce', () => {
    const configured = createFieldMaps({
      hubspot: {
        contacts: { fields: { linkedRecords: { from: ['sf_contact'], objectByPrefix: { '003': 'Contact' } } } },
      },
    });
    expect(configured.of('hubspot', 'contacts')?.project('hs:1', { sf_contact: '003d000000AZlfC' }).fields).toEqual({
      linkedRecords: [{ system: 'salesforce', object: 'Contact', recordId: '003d000000AZlfCAAT' }],
    });
  });

  test.each([
    [
      { hubspot: { contacts: { fields: { linkedRecords: 'sf_contact' } } } },
      /"linkedRecords" .* needs "objectByPrefix"/,
    ],
    [{ salesforce: { Contact: { fields: { mail: 'Email' } } } }, /fieldMaps\.salesforce\.Contact: .*"mail"/],
    [{ salesforce: { Contact: { fields: { organisation: 'AccountId' } } } }, /"organisation" .* needs "object"/],
    [{ salesforce: { Thing__c: { fields: { name: 'Name' } } } }, /fieldMaps\.salesforce\.Thing__c .*"entity"/],
  ])('are refused by name when they are wrong', (changes, message) => {
    expect(() => createFieldMaps(changes)).toThrow(InvalidFieldMapError);
    expect(() => createFieldMaps(changes)).toThrow(message);
  });

  test('a rule needs a source', () => {
    expect(() => compileFieldMap({ entity: 'user', fields: { name: {} } })).toThrow(/"from" or "constant"/);
  });
});
