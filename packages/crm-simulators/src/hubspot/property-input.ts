import { type HubSpotError, validationError } from './hubspot-error.ts';
import type { HubSpotStore } from './hubspot-store.ts';
import type { StoredProperty } from './property-definition.ts';

export type PropertyInputs = Readonly<Record<string, string | number | boolean | null | undefined>>;

const emailPattern = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

export function invalidProperty(
  property: StoredProperty | null,
  name: string,
  message: string,
  error: string,
): HubSpotError {
  return validationError(
    `Property values were not valid: ${JSON.stringify([{ isValid: false, message, error, name: property?.name ?? name }])}`,
    {
      errors: [{ message, code: error, context: { propertyName: [name] } }],
    },
  );
}

/** The values of a list, which is written with semicolons. */
export function listOf(text: string | null): string[] {
  return (text ?? '')
    .split(';')
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** A value as it is stored: datetimes as ISO text, lists as they came. */
export function parseProperty(store: HubSpotStore, property: StoredProperty, value: string | number | boolean): string {
  const text = String(value);
  const wrong = (error: string, what: string) =>
    invalidProperty(property, property.name, `${text} was not a valid ${what}.`, error);
  switch (property.type) {
    case 'number':
      if (Number.isNaN(Number(text))) throw wrong('INVALID_INTEGER', 'long');
      return text;
    case 'bool':
      if (!/^(?:true|false)$/i.test(text)) throw wrong('INVALID_OPTION', 'boolean');
      return text.toLowerCase();
    case 'date':
    case 'datetime': {
      const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
      if (Number.isNaN(ms)) throw wrong('INVALID_LONG', 'long');
      const iso = new Date(ms).toISOString();
      return property.type === 'date' ? iso.slice(0, 10) : iso;
    }
    case 'enumeration': {
      if (property.name === 'hubspot_owner_id') {
        if (store.owners.length > 0 && !store.owners.some((owner) => owner.id === text))
          throw wrong('INVALID_OWNER_ID', 'owner id');
        return text;
      }
      if (property.name === 'hs_additional_emails') {
        const emails = listOf(text.toLowerCase());
        const bad = emails.find((email) => !emailPattern.test(email));
        if (bad !== undefined) throw wrong('INVALID_EMAIL', 'list of e-mail addresses');
        return [...new Set(emails)].join(';');
      }
      if (property.options.length > 0 && !property.options.includes(text)) {
        throw invalidProperty(
          property,
          property.name,
          `${text} was not one of the allowed options: [${property.options.join(', ')}]`,
          'INVALID_OPTION',
        );
      }
      return text;
    }
    default:
      if (property.name === 'email' && !emailPattern.test(text.trim())) {
        throw invalidProperty(property, 'email', `Email address ${text} is invalid`, 'INVALID_EMAIL');
      }
      if (text.length > 65_536) throw wrong('PROPERTY_TOO_LONG', 'length');
      return property.name === 'email' ? text.trim().toLowerCase() : text;
  }
}
