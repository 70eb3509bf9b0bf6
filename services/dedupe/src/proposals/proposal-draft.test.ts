import { describe, expect, test } from '@jest/globals';
import { draftProposal, type ProposalMember } from './proposal-draft.ts';
import type { VendorFields } from './vendor-value.ts';

const limits = { recordsMax: 3, probabilityMin: 0.9, automaticProbabilityMin: 0.99 };

function member(object: string, id: string, fields: VendorFields = {}, probability = 0.99): ProposalMember {
  return { ref: `sf:00D:${object}:${id}`, modifiedMs: 0, fields, probability };
}

function drafted(object: string, members: readonly ProposalMember[], different: readonly [string, string][] = []) {
  return draftProposal(object, members, { limits, different, weakestPair: 1, gateOpen: true });
}

describe('a proposal', () => {
  test('stands when nothing speaks against it, with the smallest probability', () => {
    const draft = drafted('Contact', [member('Contact', '1'), member('Contact', '2', {}, 0.95)]);
    expect(draft).toMatchObject({ master: 'sf:00D:Contact:1', probability: 0.95, guard: undefined });
  });

  test('is held back when more records would become one than are proposed without a look', () => {
    const members = ['1', '2', '3', '4'].map((id) => member('Contact', id));
    expect(drafted('Contact', members)).toMatchObject({ guard: 'too-many-records' });
  });

  test('is held back when a reviewer told two of the records apart', () => {
    const members = [member('Contact', '1'), member('Contact', '2')];
    const apart: [string, string] = ['sf:00D:Contact:1', 'sf:00D:Contact:2'];
    expect(drafted('Contact', members, [apart])).toMatchObject({ guard: 'verdict' });
  });

  test('never merges an organisation with the one above it', () => {
    const accounts = [member('Account', '1'), member('Account', '2', { ParentId: '1' })];
    expect(drafted('Account', accounts)).toMatchObject({ guard: 'hierarchy' });
    const companies = [member('companies', '1'), member('companies', '2', { hs_parent_company_id: { decimal: '1' } })];
    expect(drafted('companies', companies)).toMatchObject({ guard: 'hierarchy' });
    const siblings = [member('Account', '1', { ParentId: '9' }), member('Account', '2', { ParentId: '9' })];
    expect(drafted('Account', siblings)?.guard).toBeUndefined();
  });

  test('is held back when two of the records have different values of what tells people or organisations apart', () => {
    const jr = [member('Contact', '1', { Suffix: 'Jr.' }), member('Contact', '2', { Suffix: 'Sr.' })];
    expect(drafted('Contact', jr)).toMatchObject({ guard: 'conflict', reason: expect.stringContaining('Suffix') });
    const born = [
      member('contacts', '1', { date_of_birth: '1980-01-01' }),
      member('contacts', '2', { date_of_birth: '1981-01-01' }),
    ];
    expect(drafted('contacts', born)).toMatchObject({ guard: 'conflict' });
    const known = [member('Contact', '1', { Birthdate: '1980-01-01' }), member('Contact', '2')];
    expect(drafted('Contact', known)?.guard).toBeUndefined();
  });

  test('is held back when the records are too improbable on average', () => {
    expect(drafted('Contact', [member('Contact', '1'), member('Contact', '2', {}, 0.8)])).toMatchObject({
      guard: 'improbable',
    });
  });

  test('is held back when a record is converted and cannot be merged', () => {
    expect(drafted('Lead', [member('Lead', '1'), member('Lead', '2', { IsConverted: true })])).toMatchObject({
      guard: 'frozen',
    });
  });
});
