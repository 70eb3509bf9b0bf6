import { describe, expect, test } from '@jest/globals';
import { afterId, afterPlace, fieldParts, instantLiteral, pageQuery, textLiteral, upToPlace } from './soql.ts';

describe('SOQL', () => {
  test('a page of changes begins after its place, ties included', () => {
    const query = pageQuery({
      object: 'Contact',
      fields: ['Id', 'Name'],
      where: [afterPlace({ stampMs: Date.UTC(2026, 0, 2, 3, 4, 5), id: '003A' }), ''],
      orderBy: 'SystemModstamp, Id',
      limit: 2000,
    });
    expect(query).toBe(
      "SELECT Id,Name FROM Contact WHERE (SystemModstamp > 2026-01-02T03:04:05Z OR (SystemModstamp = 2026-01-02T03:04:05Z AND Id > '003A'))" +
        ' ORDER BY SystemModstamp, Id LIMIT 2000',
    );
  });

  test('a place without an id lets in every record of its stamp', () => {
    expect(afterPlace({ stampMs: 0, id: '' })).toBe('SystemModstamp >= 1970-01-01T00:00:00Z');
    expect(upToPlace({ stampMs: 0, id: '003B' })).toContain("(SystemModstamp = 1970-01-01T00:00:00Z AND Id <= '003B')");
  });

  test('the first page of a full reading has no condition', () => {
    expect(pageQuery({ object: 'User', fields: ['Id'], where: [afterId('')], orderBy: 'Id', limit: 5 })).toBe(
      'SELECT Id FROM User ORDER BY Id LIMIT 5',
    );
  });

  test('milliseconds are kept where there are any', () => {
    expect(instantLiteral(1)).toBe('1970-01-01T00:00:00.001Z');
  });

  test('a text cannot leave its quotes', () => {
    expect(textLiteral("a' OR Name != '\\")).toBe("'a\\' OR Name != \\'\\\\'");
  });

  test('fields are split into parts that fit, each with the keys, none lost', () => {
    const fields = Array.from({ length: 50 }, (_, index) => `Custom_Field_${index}__c`);
    const parts = fieldParts(['Id', ...fields], { keys: ['Id', 'SystemModstamp'], maxCharacters: 200 });
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) {
      expect(part.slice(0, 2)).toEqual(['Id', 'SystemModstamp']);
      expect(part.join(',').length).toBeLessThanOrEqual(200);
    }
    expect(parts.flatMap((part) => part.slice(2))).toEqual(fields);
  });
});
