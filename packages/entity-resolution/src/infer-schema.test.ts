import { describe, expect, test } from '@jest/globals';
import { inferSchema } from './infer-schema.ts';
import { generateContacts } from './test-contacts.ts';

function kindsOf(rows: Record<string, string>[]): Record<string, string> {
  return Object.fromEntries(inferSchema(rows).columns.map((column) => [column.name, column.kind]));
}

describe('inferSchema', () => {
  test('headers and values give the kinds of a contact list', () => {
    const rows = generateContacts(60, 1).records.map(({ fields }, index) => ({
      Id: String(index),
      'First Name': fields.first as string,
      LastName: fields.last as string,
      'E-mail': fields.email as string,
      Telephone: fields.phone as string,
      City: fields.city as string,
      DateOfBirth: fields.born as string,
      created_at: '2024-01-01',
    }));
    expect(inferSchema(rows).entityKind).toBe('person');
    expect(kindsOf(rows)).toEqual({
      Id: 'ignored',
      'First Name': 'givenName',
      LastName: 'familyName',
      'E-mail': 'email',
      Telephone: 'phone',
      City: 'city',
      DateOfBirth: 'date',
      created_at: 'ignored',
    });
  });

  test('a column whose values contradict its header is read by its values', () => {
    const rows = generateContacts(60, 2).records.map(({ fields }, index) => ({
      name: `${String(fields.first)} ${String(fields.last)}`,
      'Email Address': index % 2 === 0 ? '10/01/15' : '08/01/17',
      'Service type': fields.email as string,
    }));
    expect(kindsOf(rows)).toEqual({ name: 'personName', 'Email Address': 'ignored', 'Service type': 'email' });
  });

  test('a list of firms is one of organisations', () => {
    const rows = ['Acme Tools Inc', 'Northwind Traders Ltd', 'Blue Harbour Shipping GmbH', 'Silver Lake Dairy LLC'].map(
      (name) => ({ name, addr: '12 Main St', phone: '310-475-3585' }),
    );
    const schema = inferSchema(rows);
    expect(schema.entityKind).toBe('organisation');
    expect(kindsOf(rows)).toEqual({ name: 'organisation', addr: 'address', phone: 'phone' });
  });

  test('a column of profiles on shared hosts holds pages of their own, one of web sites holds domains', () => {
    const rows = Array.from({ length: 30 }, (_, index) => ({
      name: `Person ${index} Smith`,
      website: `https://www.linkedin.com/in/person-${index}`,
      company_website: `https://firm-${index}.com/about`,
    }));
    expect(kindsOf(rows)).toMatchObject({ website: 'url', company_website: 'domain' });
  });

  test('persons and organisations in one table are called mixed', () => {
    const people = generateContacts(40, 3).records.map(({ fields }) => ({
      FIRST_NAME: fields.first as string,
      LAST_NAME: fields.last as string,
      NAME_ORG: '',
    }));
    const firms = Array.from({ length: 20 }, (_, index) => ({
      FIRST_NAME: '',
      LAST_NAME: '',
      NAME_ORG: `Harbour ${index} Works Ltd`,
    }));
    expect(inferSchema([...people, ...firms]).entityKind).toBe('mixed');
  });
});
