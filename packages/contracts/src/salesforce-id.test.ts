import { describe, expect, test } from '@jest/globals';
import { isSalesforceId, longSalesforceId } from './salesforce-id.ts';

describe('ids of Salesforce records', () => {
  test('the long form tells the case of the short one', () => {
    expect(longSalesforceId('001d000000AZlfC')).toBe('001d000000AZlfCAAT');
    expect(longSalesforceId('001d000000AZlfCAAT')).toBe('001d000000AZlfCAAT');
  });

  test('short ids that differ in case have different long ones, which ignoring case tells apart, too', () => {
    const [one, other] = [longSalesforceId('001d000000AZlfC'), longSalesforceId('001d000000AZlfc')];
    expect(one.toLowerCase()).not.toBe(other.toLowerCase());
  });

  test.each(['', '003', '00300000000000!', 7, null])('%j is none', (value) => {
    expect(isSalesforceId(value)).toBe(false);
  });
});
