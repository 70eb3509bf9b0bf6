import { describe, expect, test } from '@jest/globals';
import { parseAddress, parseCountry, parsePostcode, parseRegion, writeAddress } from './address.ts';
import { guessDateOrder, parseDate } from './date.ts';
import { parseDomain, parseUrl } from './domain.ts';
import { isExplainedByName, isFreeMail, isRoleMailbox, parseEmail } from './email.ts';
import { parseOrganisation, writeOrganisation } from './organisation-name.ts';
import { areNicknames, parseFullName, parseNameParts, soundOf, writeName } from './person-name.ts';
import { parsePhone } from './phone.ts';
import { cleanText, isMissing } from './text.ts';

describe('text', () => {
  test.each([
    ['  Ünïcode\u200b  Ｔext ', 'unicode text'],
    ['ĳssel ﬁn', 'ijssel fin'],
    ['Зоя', 'zoya'],
    ['a\tb\nc', 'a b c'],
    ['😀', ':grinning:'],
  ])('%j is cleaned to %j', (raw, cleaned) => {
    expect(cleanText(raw)).toBe(cleaned);
  });

  test('text of a megabyte costs no more than its beginning', () => {
    expect(cleanText('é'.repeat(1_000_000)).length).toBeLessThanOrEqual(2_000);
  });

  test.each(['', 'n/a', 'null', 'unknown', '---', 'none', '[not provided]', '(Unknown)', 'N/A.'])(
    '%j counts as missing',
    (text) => {
      expect(isMissing(cleanText(text))).toBe(true);
    },
  );
});

describe('person names', () => {
  test.each([
    ['Dr. Robert J. Smith Jr.', 'robert j|smith|2'],
    ['Smith, Robert', 'robert|smith'],
    ['Smith Jr., Robert', 'robert|smith|2'],
    ['Robert Smith, Sr.', 'robert|smith|1'],
    ['Ludwig van der Berg', 'ludwig|van der berg'],
    ["Mary-Jane O'Brien", 'mary jane|obrien'],
    ['Cher', '|cher'],
    ['JOHN SMITH III', 'john|smith|3'],
    ['Jane Doe, PhD', 'jane|doe'],
    ['Morris Klein I', 'morris|klein|1'],
    ['Morris Klein II', 'morris|klein|2'],
    ['Klein, Morris I', 'morris i|klein|1'],
  ])('%j is read as %j', (raw, normal) => {
    expect(writeName(parseFullName(raw) as NonNullable<ReturnType<typeof parseFullName>>)).toBe(normal);
  });

  test('a whole name in the family name field is taken apart', () => {
    expect(parseNameParts('', '', 'Miguel Rodriguez', '')).toEqual({
      given: ['miguel'],
      family: ['rodriguez'],
      generation: 0,
    });
  });

  test('names without letters are no names', () => {
    expect(parseFullName('---')).toBeNull();
    expect(parseNameParts('n/a', '', '', '')).toBeNull();
  });

  test('short forms are nicknames of the formal name and of each other', () => {
    expect(areNicknames('bob', 'robert')).toBe(true);
    expect(areNicknames('bill', 'will')).toBe(true);
    expect(areNicknames('bob', 'william')).toBe(false);
  });

  test.each([
    ['smith', 'smyth'],
    ['philips', 'fillips'],
    ['catherine', 'kathryn'],
    ['meyer', 'maier'],
  ])('%s sounds like %s', (left, right) => {
    expect(soundOf(left)).toBe(soundOf(right));
  });
});

describe('e-mail addresses', () => {
  test.each([
    ['J.Smith+news@GoogleMail.com', 'jsmith', 'gmail.com'],
    ['<John> <john@example.org>', 'john', 'example.org'],
    ['a.b+c@outlook.com', 'a.b', 'outlook.com'],
    ['joe-shop@yahoo.com', 'joe', 'yahoo.com'],
    ['broken.address', 'broken.address', ''],
  ])('%j becomes %s at %s', (raw, local, domain) => {
    expect(parseEmail(raw)).toEqual({ local, domain });
  });

  test('role and free mailboxes are told from personal and company ones', () => {
    expect(isRoleMailbox('info')).toBe(true);
    expect(isRoleMailbox('sales2')).toBe(true);
    expect(isRoleMailbox('jsmith')).toBe(false);
    expect(isFreeMail('gmail.com')).toBe(true);
    expect(isFreeMail('northwind.com')).toBe(false);
  });

  test.each([
    ['john.smith', true],
    ['jsmith82', true],
    ['smithj', true],
    ['johnny_smith', true],
    ['js', false],
    ['blue.rider', false],
  ])('the mailbox %s says no more than the name John Smith: %s', (local, explained) => {
    expect(isExplainedByName(local, ['john'], ['smith'])).toBe(explained);
  });

  test('umlauts written in two letters still explain a mailbox', () => {
    expect(isExplainedByName('johannes.mueller', ['johannes'], ['muller'])).toBe(true);
  });
});

describe('phone numbers', () => {
  test.each([
    ['(702) 919-1300', 'US', '+17029191300'],
    ['1-702-919-1300 x55', 'US', '+17029191300 x55'],
    ['(702) 919-1300, ext. 0838', 'US', '+17029191300 x0838'],
    ['+44 20 7946 0018 ext 7', undefined, '+442079460018 x7'],
    ['+44 (0)20 7946 0018', undefined, '+442079460018'],
    ['0044 20 7946 0018', undefined, '+442079460018'],
    ['020 7946 0018', 'GB', '+442079460018'],
    ['020 7946 0018', undefined, '~2079460018'],
    ['386-5286', undefined, '~3865286'],
  ])('%j in %s becomes %s', (raw, country, normal) => {
    expect(parsePhone(raw, country)).toBe(normal);
  });

  test.each(['000-000-0000', '999-999-9999', '123-456-7890', 'n/a', '12'])('%j is no number', (raw) => {
    expect(parsePhone(raw, 'US')).toBeNull();
  });
});

describe('pages of their own', () => {
  test.each([
    ['https://uk.linkedin.com/in/Ann-Smith-12/?trk=x#top', 'linkedin.com/in/ann-smith-12'],
    ['www.linkedin.com/in/ann-smith-12', 'linkedin.com/in/ann-smith-12'],
    ['http://acme.example.co.uk:8080/team/index.html?utm_source=a&id=7&b=2', 'acme.example.co.uk/team?b=2&id=7'],
    ['https://ann.wordpress.com/', 'ann.wordpress.com'],
    ['https://ann.wordpress.com/2020/post//', 'ann.wordpress.com/2020/post'],
    ['twitter.com', null],
    ['https://www.facebook.com/', null],
    ['ann smith', null],
    ['n/a', null],
  ])('%j is read as %j', (raw, address) => {
    expect(parseUrl(raw)).toBe(address);
  });
});

describe('organisations, domains, dates, addresses', () => {
  test.each([
    ['The Acme Tools Company, Inc.', 'acme tools|inc'],
    ['ACME TOOLS INCORPORATED', 'acme tools|inc'],
    ['Müller & Söhne GmbH & Co. KG', 'muller sohne|gmbh co kg'],
    ['Smith Bros Intl Pty Ltd', 'smith brothers international|pty ltd'],
    ['Northwind (dba Northwind Traders)', 'northwind'],
    ['S.A.', 'sa'],
  ])('%j is read as %j', (raw, normal) => {
    expect(writeOrganisation(parseOrganisation(raw) as NonNullable<ReturnType<typeof parseOrganisation>>)).toBe(normal);
  });

  test.each([
    ['https://www.shop.northwind.co.uk/path?x=1', 'northwind.co.uk'],
    ['northwind.com', 'northwind.com'],
    ['info@northwind.com', 'northwind.com'],
    ['https://www.linkedin.com/company/northwind', null],
    ['gmail.com', null],
    ['yes', null],
  ])('the owner of %j is %j', (raw, domain) => {
    expect(parseDomain(raw)).toBe(domain);
  });

  test.each([
    ['1978-12-11', '19781211'],
    ['12/11/1978', '19781211'],
    ['31.12.1978', '19781231'],
    ['11.12.1978', '19781211'],
    ['11 Dec 1978', '19781211'],
    ['19781211', '19781211'],
    ['1978', '19780000'],
    ['1900-01-01', null],
    ['8581-4703-5433-004', null],
    ['soon', null],
  ])('the date %j is read as %j', (raw, normal) => {
    expect(parseDate(raw, 'monthFirst')).toBe(normal);
  });

  test('unambiguous dates decide how ambiguous ones are read', () => {
    expect(guessDateOrder(['03/04/1980', '25/04/1980'])).toBe('dayFirst');
    expect(guessDateOrder(['03/04/1980', '25.04.1980', '26.04.1980', '04/25/1980'])).toBe('monthFirst');
    expect(guessDateOrder(['03/04/1980', '04/25/1980'])).toBe('monthFirst');
  });

  test('an address in one line and the same address in parts are equal', () => {
    const parts = { full: '', house: '', street: '', city: '', postalCode: '', region: '', country: '' };
    const line = parseAddress({ ...parts, full: '123 Main Street, Las Vegas NV 89132' });
    const split = parseAddress({
      ...parts,
      street: '123 Main St.',
      city: 'Las Vegas',
      region: 'Nevada',
      postalCode: '89132-1234',
    });
    expect(line).not.toBeNull();
    expect(writeAddress(line as NonNullable<typeof line>)).toBe('123|main st|89132|las vegas|nv|');
    expect(split).toEqual(line);
  });

  test('regions, countries and postal codes have one spelling', () => {
    expect(parseRegion('New South Wales')).toBe('nsw');
    expect(parseCountry('U.S.A.')).toBe('us');
    expect(parseCountry('Deutschland')).toBe('de');
    expect(parsePostcode('EC1A 1BB')).toBe('ec1a1bb');
    expect(parsePostcode('02134')).toBe('02134');
  });
});
