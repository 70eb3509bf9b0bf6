import { parseDate } from './date.ts';
import { parseDomain, parseUrl } from './domain.ts';
import { textsOf } from './field-texts.ts';
import { nicknameGroupsOf } from './person-name.ts';
import { parsePosition, parsePositionText } from './position.ts';
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
    pattern:
      /^(_?id|uuid|guid|row_?id|index|row|rowid|record_?id|rec_?id|unique_?id|cluster(_id)?|true_id|gold|label|(data_?)?source|.*_pointer_.*|.*_anchor_.*)$/,
    kind: 'ignored',
  },
  {
    pattern:
      /(^|_)(created?|modified|updated?|inserted|import(ed)?|valid_until|expires?|last_(login|activity|seen)|timestamp)(_|$)/,
    kind: 'ignored',
  },
  { pattern: /^(phone|tel|mobile|addr|address|email|e_mail|name)_(type|label|kind|ext|extension)$/, kind: 'ignored' },
  {
    pattern: /^(passport|.*licen[cs]e|.*_id|ssn|.*tax(_id)?)_(type|label|kind|country|state|issuer)$/,
    kind: 'ignored',
  },
  { pattern: /(^|_)(birth_?place|place_of_birth|born_in)(_|$)/, kind: 'city' },
  { pattern: /(^|_)(e_?mails?|mail)(_|$)/, kind: 'email' },
  { pattern: /(^|_)(phones?|telephone|tel|mobile|cell|cellphone|fax|landline)(_|$)/, kind: 'phone' },
  {
    pattern: /(^|_)(dob|birth|born|birthday|birthdate|birth_?date|founded|incorporated|incorporation)(_|$)/,
    kind: 'date',
  },
  { pattern: /(^|_)(website|web_?site|url|domain|homepage|web)(_|$)/, kind: 'domain' },
  {
    pattern:
      /(^|_)(ssn|soc_sec(_id)?|social_security|tax|vat|ein|duns|lei|passport|licen[cs]e|drivers?|national_id|nhs|npi|iban|isbn|siren|siret|dl|nin)(_|$)/,
    kind: 'identifier',
  },
  {
    pattern:
      /(^|_)(full_?name|first_and_(sur|last)_?name|person_?name|contact_?name|name_full|customer_?name|author)(_|$)/,
    kind: 'personName',
  },
  {
    pattern:
      /(^|_)(first_?name|given_?names?|fname(_c\d)?|forenames?|name_first|firstname|prenom|vorname|christian_name)(_|$)/,
    kind: 'givenName',
  },
  { pattern: /(^|_)(middle_?names?|name_middle|middle_?initial|mname|second_name)(_|$)/, kind: 'middleName' },
  {
    pattern:
      /(^|_)(last_?names?|sur_?names?|family_?names?|lname(_c\d)?|name_last|lastname|nachname|nom_de_famille)(_|$)/,
    kind: 'familyName',
  },
  { pattern: /(^|_)(name_)?suffix(_|$)/, kind: 'nameSuffix' },
  {
    pattern:
      /(^|_)(company|organi[sz]ation|org|account|business|employer|firm|affiliations?|vendor|supplier|institution)(_?name)?(_|$)|^(site|program|school|store|shop|hotel|restaurant)_?name$/,
    kind: 'organisation',
  },
  { pattern: /(^|_)(zip|zip_?code|post_?code|postal_?code|plz|postal)(_|$)/, kind: 'postalCode' },
  { pattern: /(^|_)(city|town|suburb|locality|municipality|ort|ville|place)(_|$)/, kind: 'city' },
  { pattern: /(^|_)(state|province|region|county|bundesland|territory)(_|$)/, kind: 'region' },
  { pattern: /(^|_)(country|nation|country_code)(_|$)/, kind: 'country' },
  { pattern: /^(geo_?)?(lat|latitude)(_deg(rees)?)?$/, kind: 'latitude' },
  { pattern: /^(geo_?)?(lon|lng|long|longitude)(_deg(rees)?)?$/, kind: 'longitude' },
  { pattern: /^(geo|geo_?point|coordinates|lat_?(lon|lng|long)|geo_?location|position)$/, kind: 'position' },
  { pattern: /(^|_)(street_?(number|no|nr)|house_?(number|no|nr)|hausnummer)(_|$)/, kind: 'houseNumber' },
  { pattern: /(^|_)(street|addr(ess)?_?(line)?_?[12]|address_line|line_?1)(_|$)/, kind: 'street' },
  { pattern: /(^|_)(address(es)?|addr|addr_full|full_address)(_|$)/, kind: 'address' },
  {
    pattern:
      /(^|_)(gender|sex|category|industry|sector|cuisine|genre|occupation|profession|nationality|record_?type|type|class)(_|$)/,
    kind: 'category',
  },
  { pattern: /^(name|names|title)$/, kind: 'personName' },
];

function snake(header: string): string {
  return cleanText(header.replace(/([a-z0-9])([A-Z])/g, '$1 $2'))
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

const sampleSize = 2_000;
/** A column that fewer rows than this share fill is left out, unless its header says that it identifies. */
const enoughFilled = 0.02;

interface Profile {
  readonly name: string;
  readonly header: string;
  readonly values: readonly string[];
  readonly filled: number;
  readonly distinct: number;
}

/**
 * Reads a schema off headers and values. It looks at about 2,000 rows spread over the data. Headers propose and values decide: a column
 * whose values contradict its header is read by its values. Columns it cannot place, and those that say nothing about who a record is,
 * come out as `ignored`.
 */
export function inferSchema(rows: readonly Row[]): Schema {
  const step = Math.max(1, Math.floor(rows.length / sampleSize));
  const sample = rows.filter((_, index) => index % step === 0);
  const names = [...new Set(sample.flatMap((row) => Object.keys(row)))];
  const profiles = names.map((name): Profile => {
    const values = sample.flatMap((row) => filledTexts(row, name));
    return {
      name,
      header: snake(name),
      values,
      filled: sample.filter((row) => filledTexts(row, name).length > 0).length / Math.max(1, sample.length),
      distinct: new Set(values).size,
    };
  });
  const parts = birthParts(profiles);
  const found = profiles.map((profile) => ({ profile, kind: parts.get(profile.name) ?? kindOf(profile) }));
  return settleEntity(found, sample);
}

/** Year, month and day of birth in columns of their own, recognised only where all three are there. */
function birthParts(profiles: readonly Profile[]): Map<string, ColumnKind> {
  const parts: [ColumnKind, RegExp, number, number][] = [
    ['dateYear', /^(by|b_?year|birth_?year|year_of_birth|yob|dob_?y(ear)?)$/, 1800, 2100],
    ['dateMonth', /^(bm|b_?month|birth_?month|month_of_birth|mob|dob_?m(onth)?)$/, 1, 12],
    ['dateDay', /^(bd|b_?day|birth_?day|day_of_birth|dob_?d(ay)?)$/, 1, 31],
  ];
  const found = new Map<string, ColumnKind>();
  for (const [kind, pattern, least, most] of parts) {
    const inRange = (text: string): boolean => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
    const profile = profiles.find(({ header, values }) => pattern.test(header) && share(values, inRange) > 0.9);
    if (profile !== undefined) found.set(profile.name, kind);
  }
  return found.size === parts.length ? found : new Map();
}

function filledTexts(row: Row, name: string): string[] {
  return textsOf(row, name)
    .map(cleanText)
    .filter((text) => !isMissing(text));
}

function share(values: readonly string[], test: (text: string) => boolean): number {
  return values.length === 0 ? 0 : values.filter(test).length / values.length;
}

const looksLikeEmail = (text: string): boolean => /^[^\s]+@[^\s]+$/.test(text);
const looksLikeUrl = (text: string): boolean => /^(https?:\/\/|www\.)|^[a-z0-9-]+(\.[a-z0-9-]+)+(\/|$)/.test(text);
/** A page on a host that many share, of which only the path says whose it is. */
const looksLikeProfile = (text: string): boolean =>
  looksLikeUrl(text) && parseDomain(text) === null && (parseUrl(text)?.includes('/') ?? false);
const looksLikePhone = (text: string): boolean =>
  /^[+(]?[\d][\d\s().+/x-]{5,}$/.test(text) && text.replace(/\D/g, '').length >= 6;
const looksLikeDate = (text: string): boolean => parseDate(text, 'monthFirst') !== null && /[^0-9]|^\d{8}$/.test(text);
const hasLetters = (text: string): boolean => /[a-z]{2}/.test(text);

/** Whether values are of the kind that the header promises, as far as values of that kind can be told. */
function agrees(kind: ColumnKind, values: readonly string[]): boolean {
  switch (kind) {
    case 'email':
      return share(values, (text) => text.includes('@') || /\.(com|net|org|[a-z]{2})$/.test(text)) > 0.5;
    case 'phone':
      return share(values, (text) => text.replace(/\D/g, '').length >= 6) > 0.5;
    case 'date':
      return share(values, (text) => parseDate(text, 'monthFirst') !== null) > 0.5;
    case 'domain':
      return share(values, looksLikeUrl) > 0.5;
    case 'latitude':
      return share(values, (text) => parsePosition(text, '1') !== null) > 0.8;
    case 'longitude':
      return share(values, (text) => parsePosition('1', text) !== null) > 0.8;
    case 'position':
      return share(values, (text) => parsePositionText(text) !== null) > 0.8;
    case 'givenName':
    case 'familyName':
    case 'personName':
    case 'organisation':
    case 'city':
      return share(values, (text) => /[a-z]/.test(text) && !text.includes('@')) > 0.5;
    case 'category':
      return (
        new Set(values).size <= Math.max(60, values.length * 0.3) &&
        share(values, (text) => text.includes('@') || looksLikeDate(text)) < 0.5
      );
    default:
      return true;
  }
}

/** Dates that identify spread over a lifetime; dates of business events do not. */
function spreadsLikeBirths(values: readonly string[]): boolean {
  const years = values
    .flatMap((text) => parseDate(text, 'monthFirst')?.slice(0, 4) ?? [])
    .map(Number)
    .sort((left, right) => left - right);
  const at = (part: number): number => years[Math.floor((years.length - 1) * part)] ?? 0;
  return years.length > 0 && at(0.9) - at(0.1) >= 15;
}

function kindOf({ header, values, filled, distinct }: Profile): ColumnKind {
  if (values.length === 0 || (distinct === 1 && values.length > 10)) return 'ignored';
  const hint = headerHints.find(({ pattern }) => pattern.test(header))?.kind;
  if (hint === 'ignored') return 'ignored';
  if ((hint === undefined || hint === 'domain') && share(values, looksLikeProfile) > 0.6)
    return filled >= 0.002 ? 'url' : 'ignored';
  if (hint !== undefined && agrees(hint, values)) {
    return filled >= 0.002 ? hint : 'ignored';
  }
  return filled >= enoughFilled ? byValues(header, values, distinct) : 'ignored';
}

function byValues(header: string, values: readonly string[], distinct: number): ColumnKind {
  if (share(values, looksLikeEmail) > 0.6) return 'email';
  if (share(values, (text) => /^(https?:\/\/|www\.)/.test(text)) > 0.6) return 'domain';
  if (share(values, looksLikeDate) > 0.7) return spreadsLikeBirths(values) ? 'date' : 'ignored';
  if (share(values, looksLikePhone) > 0.7 && share(values, (text) => /[^\d]/.test(text)) > 0.5) return 'phone';
  const repeats = distinct < values.length;
  if (
    /(_|^)(id|number|no|nr|code|key|ref)$/.test(header) &&
    repeats &&
    distinct > values.length * 0.2 &&
    share(values, (text) => /\d{3}/.test(text)) > 0.7
  )
    return 'identifier';
  if (/(^|_)name$/.test(header) && share(values, hasLetters) > 0.7) return 'organisation';
  return 'ignored';
}

const legalEnding =
  /\b(inc|llc|ltd|corp|gmbh|plc|company|co|ag|sa|bv|university|association|center|school|restaurant|hotel|group|systems|services)\.?$/;

/** Decides what the rows are about, and what names and texts mean then. */
function settleEntity(
  found: readonly { readonly profile: Profile; readonly kind: ColumnKind }[],
  sample: readonly Row[],
): Schema {
  const nameFill = (kinds: readonly ColumnKind[]): number =>
    Math.max(0, ...found.filter(({ kind }) => kinds.includes(kind)).map(({ profile }) => profile.filled));
  const parts = nameFill(['givenName', 'familyName']);
  let settled = found.map(({ profile, kind }) => {
    if (kind !== 'personName' || !/^(name|names|title)$/.test(profile.header)) return { profile, kind };
    const organisation =
      parts === 0 &&
      (share(profile.values, (text) => legalEnding.test(text)) > 0.05 || !looksLikePeople(profile.values));
    return { profile, kind: organisation ? ('organisation' as const) : kind };
  });
  // A name column that repeats a few words over and over names a class of things, not a thing: it says a little, and blocks nothing.
  settled = settled.map(({ profile, kind }) => ({
    profile,
    kind:
      kind === 'organisation' && profile.distinct < profile.values.length * 0.03 && profile.values.length > 200
        ? ('category' as const)
        : kind,
  }));
  const persons = Math.max(
    parts,
    Math.max(0, ...settled.filter(({ kind }) => kind === 'personName').map(({ profile }) => profile.filled)),
  );
  const organisations = Math.max(
    0,
    ...settled.filter(({ kind }) => kind === 'organisation').map(({ profile }) => profile.filled),
  );
  const personColumns: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
    'personName',
    'givenName',
    'middleName',
    'familyName',
    'nameSuffix',
  ]);
  const filledBy = (row: Row, test: (kind: ColumnKind) => boolean): boolean =>
    settled.some(({ profile, kind }) => test(kind) && filledTexts(row, profile.name).length > 0);
  const onlyPerson = sample.filter(
    (row) => filledBy(row, (kind) => personColumns.has(kind)) && !filledBy(row, (kind) => kind === 'organisation'),
  ).length;
  const onlyOrganisation = sample.filter(
    (row) => !filledBy(row, (kind) => personColumns.has(kind)) && filledBy(row, (kind) => kind === 'organisation'),
  ).length;
  const mixed =
    persons > 0 &&
    organisations > 0 &&
    onlyPerson > sample.length * 0.02 &&
    onlyOrganisation > sample.length * 0.02 &&
    persons < organisations * 20;
  let entityKind = persons > 0 ? 'person' : organisations > 0 ? 'organisation' : 'other';
  if (persons > 0 && organisations > persons * 2) {
    entityKind = 'organisation';
    settled = settled.map(({ profile, kind }) => ({
      profile,
      kind: personColumns.has(kind) ? ('ignored' as const) : kind,
    }));
  } else if (mixed) {
    entityKind = 'mixed';
  }
  if (entityKind === 'other')
    settled = settled.map(({ profile, kind }) => ({ profile, kind: kind === 'ignored' ? lastResort(profile) : kind }));
  const ownNames = settled.filter(
    ({ profile, kind }) => kind === 'organisation' && !/employer|affiliation/.test(profile.header),
  ).length;
  return {
    entityKind,
    columns: settled.map(({ profile, kind }): Column => {
      if (
        kind === 'organisation' &&
        entityKind === 'mixed' &&
        ownNames > 0 &&
        /employer|affiliation/.test(profile.header)
      ) {
        return { name: profile.name, kind, group: 'employer' };
      }
      if (kind === 'city' && /birth|born/.test(profile.header)) return { name: profile.name, kind, group: 'birth' };
      return { name: profile.name, kind };
    }),
  };
}

/** Names of people have two to four words and share first words far more often than names of organisations do. */
function looksLikePeople(values: readonly string[]): boolean {
  const known = share(values, (text) => wordsOf(text).some((word) => nicknameGroupsOf(word).length > 0));
  const length = share(values, (text) => {
    const words = wordsOf(text).length;
    return words >= 2 && words <= 4;
  });
  return known > 0.25 && length > 0.6;
}

/** Where nothing names an entity, texts and codes are all there is to compare. */
function lastResort({ values, distinct, header, filled }: Profile): ColumnKind {
  if (filled < enoughFilled || distinct < 3 || /^(_?id|row|index|cluster.*|label|gold)$/.test(header)) return 'ignored';
  const letters = share(values, hasLetters);
  if (letters < 0.5) return 'ignored';
  return distinct < values.length * 0.02 ? 'category' : looksLikePeople(values) ? 'personName' : 'organisation';
}
