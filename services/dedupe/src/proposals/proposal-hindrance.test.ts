import { describe, expect, test } from '@jest/globals';
import { hindranceOf } from './proposal-hindrance.ts';
import { type SurvivorshipPolicy, survivorshipPolicies } from './survivorship-policy.ts';
import type { VendorFields } from './vendor-value.ts';

const sure = { gateOpen: true, weakestPair: 0.999, probabilityMin: 0.99 };

function between(object: string, left: VendorFields, right: VendorFields, context = sure) {
  const records = [left, right].map((fields, index) => ({ ref: `a:${object}:${index}`, modifiedMs: 0, fields }));
  return hindranceOf(survivorshipPolicies[object] as SurvivorshipPolicy, records, context);
}

describe('a merge goes through without a look', () => {
  test('only when the gate is open and every two of the records are probable enough', () => {
    expect(between('Contact', {}, {})).toBeUndefined();
    expect(between('Contact', {}, {}, { ...sure, gateOpen: false })).toBe('gate');
    expect(between('Contact', {}, {}, { ...sure, weakestPair: 0.98 })).toBe('weak-pair');
  });

  test('not when one record opted out and the other did not say so', () => {
    expect(between('Contact', { HasOptedOutOfEmail: true }, {})).toBe('consent');
    expect(between('Contact', { DoNotCall: true }, { DoNotCall: false })).toBe('consent');
    expect(between('contacts', { hs_email_optout: true }, { hs_email_optout: true })).toBeUndefined();
  });

  test('not when the records belong to different people; one without an owner belongs to nobody', () => {
    expect(between('Account', { OwnerId: '005A' }, { OwnerId: '005B' })).toBe('owners');
    expect(between('companies', { hubspot_owner_id: { decimal: '1' } }, { hubspot_owner_id: '1' })).toBeUndefined();
    expect(between('Lead', { OwnerId: '005A' }, {})).toBeUndefined();
  });
});
