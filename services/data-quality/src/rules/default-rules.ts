import type { Check, Dimension, Entity, Rule, Severity } from './rule.ts';

function rule(
  id: string,
  what: readonly [Entity, Dimension, Severity, weight: number],
  judged: { readonly check: Check; readonly message: string },
): Rule {
  const [entity, dimension, severity, weight] = what;
  return { id, entity, dimension, severity, weight, enabled: true, ...judged };
}

/** Rules that hold for every tenant until they are changed. */
export const defaultRules: readonly Rule[] = [
  rule('person-name', ['person', 'completeness', 'high', 2], {
    check: { kind: 'filled', anyOf: ['familyName', 'fullName'] },
    message: 'The name is missing. Add a family name.',
  }),
  rule('person-reachable', ['person', 'completeness', 'high', 3], {
    check: { kind: 'filled', anyOf: ['emails', 'phones'] },
    message: 'Nobody can reach this person: e-mail and phone are blank. Add one of them, or remove the record.',
  }),
  rule('person-email', ['person', 'completeness', 'medium', 2], {
    check: { kind: 'filled', anyOf: ['emails'] },
    message: 'The e-mail address is blank. Ask for it.',
  }),
  rule('person-organisation', ['person', 'completeness', 'low', 1], {
    check: { kind: 'filled', anyOf: ['organisation', 'organisationName'] },
    message: 'The employer is blank. Link the person to an account or company.',
  }),
  rule('person-owner', ['person', 'completeness', 'low', 1], {
    check: { kind: 'filled', anyOf: ['ownerId'] },
    message: 'Nobody owns the record. Assign an owner.',
  }),
  rule('person-email-valid', ['person', 'validity', 'high', 2], {
    check: { kind: 'format', field: 'emails', format: 'email' },
    message: 'An e-mail address cannot be right. Correct or remove it.',
  }),
  rule('person-phone-valid', ['person', 'validity', 'medium', 1], {
    check: { kind: 'format', field: 'phones', format: 'phone' },
    message: 'A phone number has too few or too many digits. Correct or remove it.',
  }),
  rule('person-unique', ['person', 'uniqueness', 'high', 1], {
    check: { kind: 'unique' },
    message: 'Another record of this object is the same person. Review the proposed merge.',
  }),
  rule('person-fresh', ['person', 'freshness', 'low', 1], {
    check: { kind: 'changed-within', days: 730 },
    message: 'Nobody has touched the record for two years. Confirm that it is still true, or remove it.',
  }),
  rule('person-phone-standard', ['person', 'consistency', 'low', 1], {
    check: { kind: 'standard', standardId: 'phone-e164' },
    message: 'A phone number is not written as +<country><number>. Apply the proposed fix.',
  }),
  rule('organisation-name', ['organisation', 'completeness', 'high', 3], {
    check: { kind: 'filled', anyOf: ['name'] },
    message: 'The name is missing. Add it.',
  }),
  rule('organisation-domain', ['organisation', 'completeness', 'medium', 2], {
    check: { kind: 'filled', anyOf: ['domain', 'website'] },
    message: 'The web address is blank. Add it: it is the best key to find duplicates by.',
  }),
  rule('organisation-address', ['organisation', 'completeness', 'low', 1], {
    check: { kind: 'filled', anyOf: ['address.city', 'address.postalCode'] },
    message: 'The address is blank. Add at least the city.',
  }),
  rule('organisation-owner', ['organisation', 'completeness', 'low', 1], {
    check: { kind: 'filled', anyOf: ['ownerId'] },
    message: 'Nobody owns the record. Assign an owner.',
  }),
  rule('organisation-website-valid', ['organisation', 'validity', 'medium', 1], {
    check: { kind: 'format', field: 'website', format: 'web-address' },
    message: 'The web address cannot be right. Correct or remove it.',
  }),
  rule('organisation-phone-valid', ['organisation', 'validity', 'medium', 1], {
    check: { kind: 'format', field: 'phones', format: 'phone' },
    message: 'A phone number has too few or too many digits. Correct or remove it.',
  }),
  rule('organisation-unique', ['organisation', 'uniqueness', 'high', 1], {
    check: { kind: 'unique' },
    message: 'Another record of this object is the same organisation. Review the proposed merge.',
  }),
  rule('organisation-fresh', ['organisation', 'freshness', 'low', 1], {
    check: { kind: 'changed-within', days: 730 },
    message: 'Nobody has touched the record for two years. Confirm that it is still true, or remove it.',
  }),
  rule('organisation-phone-standard', ['organisation', 'consistency', 'low', 1], {
    check: { kind: 'standard', standardId: 'phone-e164' },
    message: 'A phone number is not written as +<country><number>. Apply the proposed fix.',
  }),
  rule('deal-amount', ['deal', 'completeness', 'medium', 2], {
    check: { kind: 'filled', anyOf: ['amount'] },
    message: 'The amount is blank. Add an estimate.',
  }),
  rule('deal-close-date', ['deal', 'completeness', 'medium', 2], {
    check: { kind: 'filled', anyOf: ['closeDate'] },
    message: 'The close date is blank. Add the expected day.',
  }),
  rule('deal-organisation', ['deal', 'completeness', 'medium', 1], {
    check: { kind: 'filled', anyOf: ['organisation'] },
    message: 'The deal belongs to no account or company. Link it.',
  }),
  rule('deal-owner', ['deal', 'completeness', 'medium', 1], {
    check: { kind: 'filled', anyOf: ['ownerId'] },
    message: 'Nobody owns the deal. Assign an owner.',
  }),
  rule('deal-close-date-ahead', ['deal', 'consistency', 'medium', 1], {
    check: { kind: 'not-past-while-open', field: 'closeDate' },
    message: 'The deal is open and its close date has passed. Close it or give it a new date.',
  }),
];
