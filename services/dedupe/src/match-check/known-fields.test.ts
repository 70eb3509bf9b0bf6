import { describe, expect, test } from '@jest/globals';
import { readFields } from './known-fields.ts';

describe('fields of a record that does not exist yet', () => {
  test('are read by vendor names of the object, with several fields of one column as its values', () => {
    expect(
      readFields('person', 'Contact', {
        FirstName: 'Ann',
        LastName: 'Lee',
        Phone: '1',
        MobilePhone: '2',
        MailingCity: ' Leeds ',
        Title: 'CTO',
        Email: '',
      }),
    ).toEqual({
      columns: { given_name: 'Ann', family_name: 'Lee', phone: ['1', '2'], city: 'Leeds' },
      ignored: ['Title'],
    });
    expect(readFields('person', 'contacts', { email: 'a@x.org', hs_additional_emails: 'b@x.org;c@x.org' })).toEqual({
      columns: { email: ['a@x.org', 'b@x.org', 'c@x.org'] },
      ignored: [],
    });
  });

  test('are read by canonical names and by those of the columns, too', () => {
    expect(readFields('organisation', undefined, { name: 'Acme', postalCode: 'LS1', tax_id: '7' }).columns).toEqual({
      name: 'Acme',
      postal_code: 'LS1',
      tax_id: '7',
    });
    expect(readFields('person', undefined, { emails: ['a@x.org'], givenName: null }).columns).toEqual({
      email: 'a@x.org',
    });
  });

  test('a full name stands for given and family name only where both are missing', () => {
    expect(readFields('person', 'Lead', { Name: 'Ann Lee' }).columns).toEqual({ given_name: 'Ann Lee' });
    expect(readFields('person', 'Lead', { Name: 'Ann Lee', LastName: 'Lee' }).columns).toEqual({ family_name: 'Lee' });
  });

  test('names that every object has by birth are none', () => {
    expect(readFields('person', 'Contact', { constructor: 'x', toString: 'y' })).toEqual({
      columns: {},
      ignored: ['constructor', 'toString'],
    });
  });
});
