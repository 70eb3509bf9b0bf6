import { expect, test } from '@jest/globals';
import { employerFields } from './employer-fields.ts';

test('a person tells its employer by name and by the domains of its mail addresses', () => {
  expect(employerFields({ organisation: 'Acme', email: ['a@ACME.com', 'b@acme.com', 'none'], city: 'Leeds' })).toEqual({
    name: ['Acme'],
    domain: ['acme.com'],
  });
  expect(employerFields({ given_name: 'Ann', email: 'none' })).toBeUndefined();
});
