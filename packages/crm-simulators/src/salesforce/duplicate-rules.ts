import type { SalesforceObject, SalesforceRecord } from './object-definition.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

/** Fields that must all agree, in any case of letters, for two records to count as duplicates. */
const matchingFields: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Account: [
    ['Name', 'BillingCity'],
    ['Name', 'Website'],
  ],
  Contact: [['Email'], ['FirstName', 'LastName', 'AccountId']],
  Lead: [['Email'], ['FirstName', 'LastName', 'Company']],
};

/** The duplicate rules of an org, each for one object. They refuse a save unless the caller allows it. */
export interface DuplicateRules {
  /** Replaces the active rules: names among Account, Contact and Lead. */
  activate(objects: readonly string[]): void;
  /** Throws DUPLICATES_DETECTED when a record about to be saved looks like others. */
  check(object: SalesforceObject, record: SalesforceRecord, written: readonly string[]): void;
}

export function createDuplicateRules(store: SalesforceStore): DuplicateRules {
  let active: readonly string[] = [];
  const keyOf = (object: SalesforceObject, record: SalesforceRecord, fields: readonly string[]): string | null => {
    const values = fields.map((field) => object.readByName(record, field));
    if (values.some((value) => value === null || value === '')) return null;
    return values.map((value) => String(value).trim().toLowerCase()).join('\u0000');
  };
  return {
    activate(objects) {
      const unknown = objects.find((name) => matchingFields[name] === undefined);
      if (unknown !== undefined) {
        throw new RangeError(
          `There is no duplicate rule for ${unknown}: use ${Object.keys(matchingFields).join(', ')}.`,
        );
      }
      active = objects;
    },
    check(object, record, written) {
      if (!active.includes(object.name)) return;
      const keys = (matchingFields[object.name] ?? [])
        .filter((fields) => fields.some((field) => written.includes(field)))
        .map((fields) => ({ fields, key: keyOf(object, record, fields) }))
        .filter(({ key }) => key !== null);
      if (keys.length === 0) return;
      const matches = store
        .table(object)
        .inIdOrder()
        .filter(
          (other) =>
            other.id !== record.id &&
            !store.isDeleted(object, other) &&
            keys.some(({ fields, key }) => keyOf(object, other, fields) === key),
        );
      if (matches.length === 0) return;
      const message = 'Use one of these records?';
      const rule = `Standard_${object.name}_Duplicate_Rule`;
      const duplicateResult = {
        allowSave: true,
        duplicateRule: rule,
        duplicateRuleEntityType: object.name,
        errorMessage: message,
        matchResults: [
          {
            entityType: object.name,
            errors: [],
            matchEngine: 'ExactMatchEngine',
            matchRecords: matches.slice(0, 10).map((match) => ({
              additionalInformation: [],
              fieldDiffs: [],
              matchConfidence: 100,
              record: { attributes: { type: object.name }, Id: match.id },
            })),
            rule: `Standard_${object.name}_Match_Rule`,
            size: matches.length,
            success: true,
          },
        ],
      };
      throw new SalesforceError(400, 'DUPLICATES_DETECTED', message, { details: { duplicateResult } });
    },
  };
}
