import { jsonText } from '../json-text.ts';
import type { FieldValue, StoredField } from './object-definition.ts';
import { normaliseRecordId } from './record-id.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

const emailPattern = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function checkText(field: StoredField, value: string): void {
  const limit = field.length;
  if (limit > 0 && value.length > limit) {
    throw new SalesforceError(
      400,
      'STRING_TOO_LONG',
      `${field.label}: data value too large: ${value.slice(0, 50)} (max length=${limit})`,
      [field.name],
    );
  }
  if (field.type === 'email' && value !== '' && !emailPattern.test(value)) {
    throw new SalesforceError(400, 'INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${value}`, [
      field.name,
    ]);
  }
  if (field.restrictedPicklist && value !== '' && !field.picklist.includes(value)) {
    throw new SalesforceError(
      400,
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: bad value for restricted picklist field: ${value}`,
      [field.name],
    );
  }
}

function parserError(field: StoredField, value: unknown): SalesforceError {
  return new SalesforceError(
    400,
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${field.type} from ${typeof value} value ${JSON.stringify(value)}`,
  );
}

function parseReference(store: SalesforceStore, field: StoredField, value: unknown): string {
  const wrongType = (code: string) =>
    new SalesforceError(400, code, `${field.label}: id value of incorrect type: ${jsonText(value)}`, [field.name]);
  const id = normaliseRecordId(jsonText(value));
  if (id === null) throw wrongType('MALFORMED_ID');
  const target = store.find(id);
  if (target === undefined) {
    throw new SalesforceError(400, 'INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [field.name]);
  }
  if (field.reference?.objects.includes(target.object.name) === false) throw wrongType('FIELD_INTEGRITY_EXCEPTION');
  if (store.isDeleted(target.object, target.record)) {
    throw new SalesforceError(400, 'ENTITY_IS_DELETED', 'entity is deleted', [field.name]);
  }
  return id;
}

/** A value of the API as it is stored, or throws. */
export function parseFieldValue(store: SalesforceStore, field: StoredField, value: unknown): FieldValue {
  if (value === null || value === undefined || value === '') {
    if (field.type === 'boolean') return false;
    return null;
  }
  switch (field.type) {
    case 'boolean':
      if (typeof value !== 'boolean' && value !== 'true' && value !== 'false') throw parserError(field, value);
      return value === true || value === 'true';
    case 'int':
    case 'double':
    case 'currency':
    case 'percent': {
      const number = typeof value === 'number' ? value : Number(value);
      if (Number.isNaN(number)) throw parserError(field, value);
      return number;
    }
    case 'datetime': {
      const ms =
        typeof value === 'number' ? value : Date.parse(jsonText(value).replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
      if (Number.isNaN(ms)) throw parserError(field, value);
      return Math.floor(ms / 1000) * 1000;
    }
    case 'date': {
      const text = jsonText(value).slice(0, 10);
      if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw parserError(field, value);
      return text;
    }
    case 'id':
    case 'reference':
      return parseReference(store, field, value);
    default: {
      if (typeof value === 'object') throw parserError(field, value);
      const text = jsonText(value);
      checkText(field, text);
      return text;
    }
  }
}
