import { describe, expect, test } from '@jest/globals';
import { parseSoql } from './soql-parser.ts';

describe('SOQL parser', () => {
  test('reads a keyset query', () => {
    const query = parseSoql(
      "SELECT Id, Account.Name FROM Contact WHERE SystemModstamp > 2025-01-01T00:00:00Z OR (SystemModstamp = 2025-01-01T00:00:00.000+01:00 AND Id > '003000000000000AAA') ORDER BY SystemModstamp, Id LIMIT 200",
    );
    expect(query.select).toMatchObject([{ path: { parts: ['Id'] } }, { path: { parts: ['Account', 'Name'] } }]);
    expect(query.where).toMatchObject({
      kind: 'or',
      terms: [
        { operator: '>', value: { kind: 'datetime', value: Date.UTC(2025, 0, 1) } },
        { kind: 'and', terms: [{ value: { value: Date.UTC(2024, 11, 31, 23) } }, { operator: '>' }] },
      ],
    });
    expect(query.orderBy.map((item) => item.path.parts[0])).toEqual(['SystemModstamp', 'Id']);
    expect(query.limit).toBe(200);
  });

  test('keywords and functions are read in any case of letters', () => {
    const query = parseSoql(
      "select count() from Contact where not (Email = null) and LastName not in ('A', 'B') limit 5 offset 10",
    );
    expect(query.select).toMatchObject([{ kind: 'aggregate', fn: 'COUNT' }]);
    expect(query.where).toMatchObject({ kind: 'and', terms: [{ kind: 'not' }, { kind: 'in', negated: true }] });
    expect([query.limit, query.offset]).toEqual([5, 10]);
  });

  test('escapes in strings are undone, those of wildcards kept', () => {
    const query = parseSoql("SELECT Id FROM Contact WHERE LastName = 'O\\'Brien\\n' AND FirstName LIKE '100\\%%'");
    expect(query.where).toMatchObject({ terms: [{ value: { value: "O'Brien\n" } }, { value: { value: '100\\%%' } }] });
  });

  test("tap-salesforce's two blanks, trailing clauses, aliases and child queries are understood", () => {
    expect(
      parseSoql('SELECT Id FROM Contact WHERE SystemModstamp >= 2000-01-01T00:00:00Z  ORDER BY SystemModstamp ASC')
        .orderBy,
    ).toHaveLength(1);
    expect(
      parseSoql('SELECT Id, (SELECT Id FROM Contacts LIMIT 2) FROM Account a WITH SECURITY_ENFORCED LIMIT 1 FOR VIEW')
        .limit,
    ).toBe(1);
    expect(
      parseSoql('SELECT MAX(SystemModstamp) newest, COUNT(Id) FROM Contact GROUP BY OwnerId').groupBy,
    ).toHaveLength(1);
  });

  test.each([
    ['SELECT Id', "unexpected token: '<EOF>'"],
    ['SELECT FROM Contact', "unexpected token: 'FROM'"],
    ['SELECT Id FROM Contact WHERE', "unexpected token: '<EOF>'"],
    ["SELECT Id FROM Contact WHERE Id = '1' AND Name = 'a' OR Name = 'b'", "unexpected token: 'OR'"],
    ["SELECT Id FROM Contact WHERE Name = 'open", 'no viable alternative'],
    ['SELECT Id FROM Contact LIMIT ten', "unexpected token: 'ten'"],
    ['SELECT Id FROM Contact; DROP', "no viable alternative at character ';'"],
  ])('refuses %s as malformed and marks the place', (soql, message) => {
    expect(() => parseSoql(soql)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_QUERY', message: expect.stringContaining(message) }),
    );
  });
});
