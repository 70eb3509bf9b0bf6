import { parseDate } from './date.ts';
import type { Column, ColumnKind, FieldValue, Schema } from './schema.ts';
import { cleanText, isMissing, wordsOf } from './text.ts';

type Row = Readonly<Record<string, FieldValue>>;

interface Hint {
  readonly pattern: RegExp;
  readonly kind: ColumnKind;
}

/** Header words, the most telling first. They are matched on the header in snake case. */
const headerHints: readonly Hint[] = [
  {
    pattern: /^(_?id|uuid|guid|row_?id|index|row|rowid|record_id|rec_id|unique_id|cluster(_id)?|true_id|gold|label)$/,
    kind: 'ignored',
  },
  {
    pattern:
      /(^|_)(created?|modified|updated?|inserted|import(ed)?|valid_until|expires?|last_(login|activity|seen)|timestamp)(_|$)/,
    kind: 'ignored',
  },
  { pattern: /(^|_)(e_?mails?|mail|e_mail_address)(_|$)/, kind: 'email' },
  { pattern: /(^|_)(phones?|telephone|tel|mobile|cell|fax|phone_number)(_|$)/, kind: 'phone' },
  { pattern: /(^|_)(dob|birth|born|birthday|birthdate|founded|incorporated|incorporation_date)(_|$)/, kind: 'date' },
  { pattern: /(^|_)(website|web_?site|url|domain|homepage|web)(_|$)/, kind: 'domain' },
  {
    pattern:
      /(^|_)(ssn|soc_sec(_id)?|social_security|tax|vat|ein|duns|lei|passport|licen[cs]e|drivers?|national_id|nhs|npi|iban|isbn|siren|siret)(_|$)/,
    kind: 'identifier',
  },
  {
    pattern: /(^|_)(first_?name|given_?names?|fname|forename|name_first|firstname|prenom|vorname|christian_name)(_|$)/,
    kind: 'givenName',
  },
  { pattern: /(^|_)(middle_?name|name_middle|middle_?initial|mname|second_name)(_|$)/, kind: 'middleName' },
  {
    pattern: /(^|_)(last_?name|sur_?name|family_?name|lname|name_last|lastname|nachname|nom_de_famille)(_|$)/,
    kind: 'familyName',
  },
  { pattern: /(^|_)(name_)?suffix(_|$)/, kind: 'nameSuffix' },
  {
    pattern:
      /(^|_)(company|organi[sz]ation|org|account|business|employer|firm|agency|affiliation|vendor|supplier|institution|site)(_name)?(_|$)/,
    kind: 'organisation',
  },
  { pattern: /(^|_)(zip|zip_?code|post_?code|postal_?code|plz|postal)(_|$)/, kind: 'postalCode' },
  { pattern: /(^|_)(city|town|suburb|locality|municipality|ort|ville)(_|$)/, kind: 'city' },
  { pattern: /(^|_)(state|province|region|county|bundesland|territory)(_|$)/, kind: 'region' },
  { pattern: /(^|_)(country|nation|country_code)(_|$)/, kind: 'country' },
  { pattern: /(^|_)(street_?(number|no|nr)|house_?(number|no|nr)|hausnummer)(_|$)/, kind: 'houseNumber' },
  { pattern: /(^|_)(street|addr(ess)?_?(line)?_?[12]|address_line|line_?1)(_|$)/, kind: 'street' },
  { pattern: /(^|_)(address(es)?|addr|addr_full|full_address|location)(_|$)/, kind: 'address' },
  {
    pattern: /(^|_)(full_?name|person_?name|contact_?name|name_full|customer_?name|author|director)(_|$)/,
    kind: 'personName',
  },
  {
    pattern:
      /(^|_)(gender|sex|type|status|category|industry|sector|title|job_title|role|department|class|genre|cuisine)(_|$)/,
    kind: 'category',
  },
  { pattern: /(^|_)(description|notes?|comments?|about|bio|summary|text|abstract)(_|$)/, kind: 'freeText' },
  { pattern: /^(name|names)$/, kind: 'organisation' },
];

function snake(header: string): string {
  return cleanText(header.replace(/([a-z0-9])([A-Z])/g, '$1 $2'))
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

const sampleSize = 2_000;

/**
 * Reads a schema off headers and values. It looks at 2,000 rows spread over the data at most. Columns it cannot place, and those that say
 * nothing about who a record is, come out as `ignored`.
 */
export function inferSchema(rows: readonly Row[]): Schema {
  const step = Math.max(1, Math.floor(rows.length / sampleSize));
  const sample = rows.filter((_, index) => index % step === 0);
  const names = [...new Set(sample.flatMap((row) => Object.keys(row)))];
  const columns: Column[] = names.map((name) => {
    const values = sample.flatMap((row) => {
      const value = row[name];
      const list = value === null || value === undefined ? [] : typeof value === 'string' ? [value] : value;
      return list.map(cleanText).filter((text) => !isMissing(text));
    });
    return { name, kind: kindOf(snake(name), values, sample.length) };
  });
  const has = (kind: ColumnKind): boolean => columns.some((column) => column.kind === kind);
  const persons = has('givenName') || has('familyName') || has('personName');
  return { entityKind: persons ? 'person' : has('organisation') ? 'organisation' : 'other', columns };
}

function kindOf(header: string, values: readonly string[], rows: number): ColumnKind {
  if (values.length < Math.max(1, rows * 0.005)) return 'ignored';
  const distinct = new Set(values).size;
  if (distinct === 1 && rows > 10) return 'ignored';
  const share = (test: (text: string) => boolean): number => values.filter(test).length / values.length;
  const hint = headerHints.find(({ pattern }) => pattern.test(header))?.kind;
  if (hint !== undefined) {
    if (hint === 'email' && share((text) => text.includes('@')) < 0.3) return byValues(values, distinct, share);
    return hint;
  }
  return byValues(values, distinct, share);
}

function byValues(
  values: readonly string[],
  distinct: number,
  share: (test: (text: string) => boolean) => number,
): ColumnKind {
  if (share((text) => /^[^@\s]+@[^@\s]+$/.test(text)) > 0.6) return 'email';
  if (share((text) => /^(https?:\/\/|www\.)/.test(text)) > 0.6) return 'domain';
  if (share((text) => parseDate(text, 'monthFirst') !== null && /[^0-9]|^\d{8}$/.test(text)) > 0.7) return 'date';
  if (share((text) => /^[+()\d][\d\s().+-]{6,}$/.test(text) && text.replace(/\D/g, '').length >= 7) > 0.7)
    return 'phone';
  const words = values.reduce((sum, text) => sum + wordsOf(text).length, 0) / values.length;
  if (share((text) => /^\d+(\.\d+)?$/.test(text)) > 0.9) return 'ignored';
  if (words > 6) return 'freeText';
  if (distinct <= Math.max(12, values.length * 0.05)) return 'category';
  return words > 1.5 ? 'freeText' : 'category';
}
