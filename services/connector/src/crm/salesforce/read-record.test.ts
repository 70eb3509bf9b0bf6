import { describe, expect, test } from '@jest/globals';
import { longSalesforceId } from '@kempt/contracts';
import { readableFields } from './field-types.ts';
import { readRow } from './read-record.ts';

const fields = readableFields([
  { name: 'Id', type: 'id' },
  { name: 'SystemModstamp', type: 'datetime' },
  { name: 'Amount', type: 'currency' },
  { name: 'Name', type: 'string' },
  { name: 'Interests__c', type: 'multipicklist' },
  { name: 'MailingAddress', type: 'address' },
  { name: 'Body', type: 'base64' },
  { name: 'LastViewedDate', type: 'datetime' },
]);

const row = { Id: '003000000000001', SystemModstamp: '2026-01-01T00:00:00.000+0000' };

describe('rows of Salesforce', () => {
  test('compound values, file contents and who looked at a record are not read', () => {
    expect(fields.map(({ name }) => name)).toEqual(['Amount', 'Id', 'Interests__c', 'Name', 'SystemModstamp']);
  });

  test('become typed records, blank fields left out, in the order of the names', () => {
    const read = readRow({ ...row, Name: 'Ann', Amount: 12.5, Interests__c: 'a;b', Other: 'x', Body: null }, fields);
    expect(read).toMatchObject({
      record: {
        recordId: longSalesforceId('003000000000001'),
        modifiedAtMs: Date.UTC(2026, 0, 1),
        deleted: false,
        fields: { Amount: { decimal: '12.5' }, Interests__c: ['a', 'b'], Name: 'Ann' },
      },
    });
    expect('record' in read && Object.keys(read.record.fields)).toEqual([
      'Amount',
      'Id',
      'Interests__c',
      'Name',
      'SystemModstamp',
    ]);
  });

  test('of the recycle bin name the winner when they were merged', () => {
    expect(readRow({ ...row, IsDeleted: true, MasterRecordId: '003000000000002AAA' }, fields)).toMatchObject({
      record: { deleted: true, mergedInto: '003000000000002AAA' },
    });
    expect(readRow({ ...row, IsDeleted: false, MasterRecordId: null }, fields)).toMatchObject({
      record: { deleted: false, mergedInto: null },
    });
  });

  test.each([
    [null, 'not-a-record', ''],
    ['text', 'not-a-record', ''],
    [{ SystemModstamp: row.SystemModstamp }, 'missing-id', ''],
    [{ ...row, Id: 17 }, 'missing-id', ''],
    [{ Id: row.Id }, 'missing-stamp', longSalesforceId(row.Id)],
    [{ ...row, SystemModstamp: 'soon' }, 'missing-stamp', longSalesforceId(row.Id)],
    [{ ...row, Name: { first: 'Ann' } }, 'unexpected-value', longSalesforceId(row.Id)],
  ])('%j is skipped as %s', (given, reason, recordId) => {
    const read = readRow(given, fields);
    expect(read).toMatchObject({ skipped: { reason, recordId } });
    expect(JSON.stringify(read)).not.toContain('Ann');
  });
});
