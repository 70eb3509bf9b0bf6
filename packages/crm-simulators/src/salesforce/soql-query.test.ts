import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applySalesforceLoad, completeSalesforceLoad } from './salesforce-load.ts';
import { salesforceOrgId, salesforceUserId } from './salesforce-simulator.ts';
import { createSalesforceStore } from './salesforce-store.ts';
import { parseSoql } from './soql-parser.ts';
import { runQuery } from './soql-query.ts';
import { createStandardObjects } from './standard-objects.ts';

const context = { userId: salesforceUserId, referenceMs: Date.UTC(2026, 0, 1) };

const start = Date.UTC(2025, 0, 1);
const nowMs = Date.UTC(2025, 5, 15, 12);

const people = [
  ['Ada', 'Stone', 'ada@one.com', 1, '1980-02-29', false],
  ['Bob', 'stone', 'BOB@one.com', 1, null, true],
  [null, 'Ñandú', null, 2, '1990-01-01', false],
  ['Cy', '100% Real', 'cy@two.com', 3, null, false],
  ['Di', '', 'di@two.com', 3, null, false],
] as const;

function createStore() {
  const store = createSalesforceStore(createStandardObjects());
  const rows = people.map(([first, last, email, second, birth, optedOut]) => [
    first,
    last,
    email,
    start + second * 1000,
    birth,
    optedOut,
    start,
  ]);
  applySalesforceLoad(
    store,
    {
      name: 'people',
      objects: [
        { object: 'Account', fields: ['Id', 'Name'], rows: [['001Kp0000000009IAA', 'One']] },
        {
          object: 'Contact',
          fields: [
            'FirstName',
            'LastName',
            'Email',
            'SystemModstamp',
            'Birthdate',
            'HasOptedOutOfEmail',
            'CreatedDate',
          ],
          rows,
        },
      ],
    },
    context,
  );
  completeSalesforceLoad(store, { ...context, orgId: salesforceOrgId });
  return store;
}

const store = createStore();

function names(where: string, order = 'ORDER BY Id'): unknown[] {
  const result = runQuery(store, parseSoql(`SELECT LastName FROM Contact ${where} ${order}`), {
    nowMs,
    includeDeleted: false,
  });
  if (result.kind !== 'records') throw new Error('The query returned no records.');
  return result.records.map((record) => result.project(record, 'v62.0').LastName);
}

const errorOf = (soql: string) => expect(() => runQuery(store, parseSoql(soql), { nowMs, includeDeleted: false }));

describe('SOQL query', () => {
  test.each([
    ["WHERE LastName = 'STONE'", ['Stone', 'stone']],
    ["WHERE LastName != 'stone'", ['Ñandú', '100% Real', null]],
    ['WHERE LastName = null', [null]],
    ['WHERE Email != null AND LastName != null', ['Stone', 'stone', '100% Real']],
    ["WHERE Email LIKE '%@ONE.com'", ['Stone', 'stone']],
    ["WHERE LastName LIKE '100\\%%'", ['100% Real']],
    ["WHERE FirstName IN ('ada', 'di')", ['Stone', null]],
    ["WHERE FirstName NOT IN ('Ada')", ['stone', 'Ñandú', '100% Real', null]],
    ['WHERE NOT (HasOptedOutOfEmail = TRUE)', ['Stone', 'Ñandú', '100% Real', null]],
    ['WHERE Birthdate < 1985-01-01', ['Stone']],
    ['WHERE SystemModstamp > 2025-01-01T00:00:01Z AND SystemModstamp <= 2025-01-01T00:00:02Z', ['Ñandú']],
    ['WHERE CreatedDate = THIS_YEAR AND SystemModstamp = LAST_N_MONTHS:4', []],
    ['WHERE CreatedDate = LAST_N_MONTHS:5', ['Stone', 'stone', 'Ñandú', '100% Real', null]],
    ["WHERE Owner.LastName = 'user'", ['Stone', 'stone', 'Ñandú', '100% Real', null]],
    ["WHERE OwnerId IN (SELECT Id FROM User WHERE IsActive = true AND LastName = 'Nobody')", []],
  ])('%s', (where, expected) => {
    expect(names(where)).toEqual(expected);
  });

  test('nothing sorts first unless told otherwise, and ties are in order of id', () => {
    expect(names('', 'ORDER BY LastName')).toEqual([null, '100% Real', 'Stone', 'stone', 'Ñandú']);
    expect(names('', 'ORDER BY LastName DESC NULLS LAST')).toEqual(['Ñandú', 'Stone', 'stone', '100% Real', null]);
    expect(names('', 'ORDER BY SystemModstamp DESC LIMIT 1 OFFSET 1')).toEqual(['100% Real']);
  });

  test.each([
    ['SELECT Nope FROM Contact', 'INVALID_FIELD', "No such column 'Nope' on entity 'Contact'"],
    ['SELECT Id FROM Nope', 'INVALID_TYPE', "sObject type 'Nope' is not supported"],
    ['SELECT Nope.Name FROM Contact', 'INVALID_FIELD', "Didn't understand relationship 'Nope'"],
    [
      "SELECT Id FROM Contact WHERE CreatedDate > '2025-01-01'",
      'INVALID_FIELD',
      'must be of type dateTime and should not be enclosed in quotes',
    ],
    ['SELECT Id FROM Contact WHERE LastName = 5', 'INVALID_FIELD', 'should be enclosed in quotes'],
    ["SELECT Id FROM Contact WHERE Description = 'x'", 'INVALID_FIELD', 'can not be filtered'],
    ["SELECT Id FROM Contact WHERE Id = 'short'", 'INVALID_QUERY_FILTER_OPERATOR', 'invalid ID field'],
    ['SELECT LastName, COUNT(Id) FROM Contact', 'MALFORMED_QUERY', 'must be grouped or aggregated'],
    ['SELECT Id FROM Contact LIMIT 1 OFFSET 2001', 'NUMBER_OUTSIDE_VALID_RANGE', 'offset'],
    ['SELECT FIELDS(ALL) FROM Contact', 'MALFORMED_QUERY', 'LIMIT'],
  ])('%s is refused with %s', (soql, code, message) => {
    errorOf(soql).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });

  test('aggregates come in rows, grouped and named', () => {
    const result = runQuery(
      store,
      parseSoql('SELECT HasOptedOutOfEmail, COUNT(Id) n, MAX(SystemModstamp) FROM Contact GROUP BY HasOptedOutOfEmail'),
      {
        nowMs,
        includeDeleted: false,
      },
    );
    expect(result).toMatchObject({
      kind: 'rows',
      rows: [
        { HasOptedOutOfEmail: false, n: 4, expr0: '2025-01-01T00:00:03.000+0000' },
        { HasOptedOutOfEmail: true, n: 1, expr0: '2025-01-01T00:00:01.000+0000' },
      ],
    });
  });

  test('reading by keyset in pages of any size gives every record once, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (stamps, size) => {
          const paged = createSalesforceStore(createStandardObjects());
          const load = {
            name: 'stamps',
            objects: [
              {
                object: 'Task',
                fields: ['Subject', 'SystemModstamp'],
                rows: stamps.map((second, n) => [`t${n}`, start + second * 1000]),
              },
            ],
          };
          applySalesforceLoad(paged, load, context);
          const seen: string[] = [];
          let [stamp, id] = ['1970-01-01T00:00:00Z', '00T000000000000'];
          for (;;) {
            const soql = `SELECT Id, SystemModstamp FROM Task WHERE SystemModstamp > ${stamp} OR (SystemModstamp = ${stamp} AND Id > '${id}') ORDER BY SystemModstamp, Id LIMIT ${size}`;
            const result = runQuery(paged, parseSoql(soql), { nowMs, includeDeleted: false });
            const last = result.kind === 'records' ? result.records.at(-1) : undefined;
            if (result.kind !== 'records' || last === undefined) break;
            seen.push(...result.records.map((record) => record.id));
            [stamp, id] = [new Date(last.modifiedAt).toISOString(), last.id];
          }
          const object = paged.object('Task');
          expect(seen).toEqual(
            object === undefined
              ? []
              : paged
                  .table(object)
                  .inModifiedOrder()
                  .map((record) => record.id),
          );
          expect(seen).toHaveLength(stamps.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
