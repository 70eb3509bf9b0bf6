import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseSurvivor, type Survivorship } from './survivorship.ts';
import { type SurvivorshipPolicy, survivorshipPolicies } from './survivorship-policy.ts';
import type { VendorFields, VendorRecord } from './vendor-value.ts';

const contact = survivorshipPolicies.Contact as SurvivorshipPolicy;
const hubspotContact = survivorshipPolicies.contacts as SurvivorshipPolicy;

function record(id: string, fields: VendorFields, modifiedMs = 0): VendorRecord {
  return { ref: `sf:00D:Contact:${id}`, modifiedMs, fields };
}

const chosen = (outcome: Survivorship, field: string) => {
  const choice = outcome.choices.find((each) => each.field === field);
  return choice === undefined ? undefined : [choice.value, choice.from.split(':')[3], choice.policy];
};

const created = (day: string) => ({ timestamp: `2024-01-${day}T00:00:00.000Z` });

describe('the master', () => {
  test('is the record with most fields filled; checkboxes and system fields count for nothing', () => {
    const outcome = chooseSurvivor(contact, [
      record('1', { HasOptedOutOfEmail: false, DoNotCall: false, SystemModstamp: created('09'), OwnerId: '005' }),
      record('2', { Phone: '1' }),
    ]);
    expect(outcome.master).toBe('sf:00D:Contact:2');
    expect(outcome.reason).toContain('most fields filled (1, the next one 0)');
  });

  test('is the oldest of those that are as well filled, and the one with the lowest id of those that are as old', () => {
    const pair = [record('1', { CreatedDate: created('02') }), record('2', { CreatedDate: created('01') })];
    expect(chooseSurvivor(contact, pair)).toMatchObject({ master: 'sf:00D:Contact:2' });
    expect(chooseSurvivor(contact, [record('2', {}), record('1', {})])).toMatchObject({ master: 'sf:00D:Contact:1' });
    const numbers = chooseSurvivor(hubspotContact, [record('1000', {}), record('999', {})]);
    expect(numbers.master).toBe('sf:00D:Contact:999');
  });

  test('is an opted-out record where the CRM does not let an opt-out be written', () => {
    const outcome = chooseSurvivor(hubspotContact, [
      record('1', { phone: '1', jobtitle: 'CTO' }),
      record('2', { hs_email_optout: true }),
    ]);
    expect(outcome.master).toBe('sf:00D:Contact:2');
    expect(outcome.choices.map((choice) => choice.field)).toEqual(['jobtitle', 'phone']);
  });
});

describe('the fields of the survivor', () => {
  const full = { FirstName: 'A', Email: 'a@b.c', Phone: '1', Department: 'IT', LeadSource: 'Web' };

  test('are filled where the master is blank, and stay where it is not', () => {
    const outcome = chooseSurvivor(contact, [
      record('1', full),
      record('2', { Phone: '2', HomePhone: '3' }),
      record('3', { HomePhone: '4' }),
    ]);
    expect(chosen(outcome, 'HomePhone')).toEqual(['3', '2', 'filled']);
    expect(chosen(outcome, 'Phone')).toBeUndefined();
  });

  test('that age come from the record that was modified last and has a value', () => {
    const outcome = chooseSurvivor(contact, [
      record('1', { ...full, Title: 'Engineer' }, 1),
      record('2', { Title: 'CTO' }, 3),
      record('3', {}, 9),
    ]);
    expect(chosen(outcome, 'Title')).toEqual(['CTO', '2', 'most-recent']);
    const same = chooseSurvivor(contact, [
      record('1', { ...full, Title: 'CTO' }, 1),
      record('2', { Title: ' cto ' }, 3),
    ]);
    expect(chosen(same, 'Title')).toBeUndefined();
  });

  test('of an address come from one record as a whole', () => {
    const outcome = chooseSurvivor(contact, [
      record('1', { ...full, MailingCity: 'Leeds' }),
      record('2', { MailingStreet: 'High Street 1', MailingCity: 'York', OtherCity: 'Bath', OtherCountry: 'UK' }),
    ]);
    expect(outcome.choices.map((choice) => choice.field)).toEqual(['OtherCity', 'OtherCountry']);
  });

  test('of consent are the strictest, whoever the master is', () => {
    const outcome = chooseSurvivor(contact, [
      record('1', { ...full, HasOptedOutOfEmail: false }),
      record('2', { HasOptedOutOfEmail: true, DoNotCall: false }),
    ]);
    expect(chosen(outcome, 'HasOptedOutOfEmail')).toEqual([true, '2', 'strictest']);
    expect(chosen(outcome, 'DoNotCall')).toBeUndefined();
    expect(outcome.reason).toContain('HasOptedOutOfEmail is set on 2 only');
  });

  test('of the customer are filled, their lists united, and files and keys of other systems left alone', () => {
    const outcome = chooseSurvivor(contact, [
      record('1', { ...full, Interests__c: ['a', 'b'] }),
      record('2', {
        Interests__c: ['b', 'c'],
        Passport_Number__c: 'X1',
        External_Key__c: 'k',
        National_Id__c: 'n',
        Scan__c: { base64: 'AAAA' },
      }),
    ]);
    expect(chosen(outcome, 'Interests__c')).toEqual([['a', 'b', 'c'], '2', 'union']);
    expect(chosen(outcome, 'Passport_Number__c')).toEqual(['X1', '2', 'filled']);
    expect(outcome.choices).toHaveLength(2);
  });

  test('are never ids, owners, stages, stamps or what a CRM calculates', () => {
    const untouched: VendorFields = {
      Id: '1',
      OwnerId: '1',
      AccountId: '1',
      CreatedById: '1',
      LastActivityDate: '1',
      Name: '1',
      IsDeleted: true,
      SystemModstamp: created('01'),
      MasterRecordId: '1',
      hs_object_id: '1',
      hubspot_owner_id: '1',
      associatedcompanyid: '1',
      lifecyclestage: 'lead',
      num_notes: { decimal: '1' },
      notes_last_contacted: created('01'),
      createdate: created('01'),
      lastmodifieddate: created('01'),
      'associations.companies': ['1'],
      national_id: '1',
    };
    for (const policy of [contact, hubspotContact]) {
      expect(chooseSurvivor(policy, [record('1', {}), record('2', untouched)]).choices).toEqual([]);
    }
  });
});

const values = fc.oneof(
  fc.constantFrom('x', 'yy', 'zzz'),
  fc.boolean(),
  fc.array(fc.constantFrom('p', 'q', 'r'), { minLength: 1, maxLength: 3 }),
);
const names = ['FirstName', 'Title', 'Phone', 'Description', 'HasOptedOutOfEmail', 'MailingCity', 'Tags__c', 'OwnerId'];
const records = fc.uniqueArray(
  fc.record({
    ref: fc.nat({ max: 50 }).map((id) => `sf:00D:Contact:${id}`),
    modifiedMs: fc.nat({ max: 4 }),
    fields: fc.dictionary(fc.constantFrom(...names), values) as fc.Arbitrary<VendorFields>,
  }),
  { minLength: 2, maxLength: 6, selector: (each) => each.ref },
);

describe('survivorship', () => {
  test('does not depend on the order of the records', () => {
    fc.assert(
      fc.property(records, (all) => {
        expect(chooseSurvivor(contact, all.toReversed())).toEqual(chooseSurvivor(contact, all));
      }),
    );
  });

  test('loses no value where the master has none, takes no value that nobody has, and keeps every opt-out', () => {
    fc.assert(
      fc.property(records, (all) => {
        const outcome = chooseSurvivor(contact, all);
        const master = all.find((each) => each.ref === outcome.master);
        for (const choice of outcome.choices) {
          const source = all.find((each) => each.ref === choice.from)?.fields[choice.field];
          expect(source).toBeDefined();
          if (choice.policy !== 'union') expect(choice.value).toEqual(source);
          expect(choice.value).not.toEqual(master?.fields[choice.field]);
        }
        const survivor = { ...master?.fields };
        for (const choice of outcome.choices) survivor[choice.field] = choice.value;
        expect(survivor.HasOptedOutOfEmail === true).toBe(all.some((each) => each.fields.HasOptedOutOfEmail === true));
        if (all.some((each) => each.fields.Phone !== undefined)) expect(survivor.Phone).toBeDefined();
      }),
    );
  });
});
