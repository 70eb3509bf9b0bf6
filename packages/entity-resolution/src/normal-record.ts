import { type AddressParts, parseAddress, parseCountry, writeAddress } from './address.ts';
import { parseDate } from './date.ts';
import { employerInDomain, parseDomain, parseUrl } from './domain.ts';
import { isExplainedByName, parseEmail } from './email.ts';
import { textsOf } from './field-texts.ts';
import { linkedId, ownId } from './links.ts';
import { employerBesideMailbox, employerByDomain, parseOrganisation, writeOrganisation } from './organisation-name.ts';
import { type PersonName, parseFullName, parseNameParts, readName, writeName } from './person-name.ts';
import { parsePhone } from './phone.ts';
import type { Plan, Slot, SlotKind } from './plan.ts';
import { type Position, parsePosition, parsePositionText, writePosition } from './position.ts';
import { remembered } from './remembered.ts';
import type { ColumnKind, InputRecord, Schema } from './schema.ts';
import { cleanText, isMissing, squeeze, wordsOf } from './text.ts';

/**
 * A record in normal form: per slot of the model the distinct values it holds, as short strings. Plain JSON; it is valid for the model (and
 * every model with the same schema) that made it.
 */
export interface NormalRecord {
  readonly id: string;
  readonly source: string;
  readonly values: readonly (readonly string[])[];
}

const none: readonly string[] = [];

/** A record keeps at most this many values of one slot, so that no record can make its pairs arbitrarily dear. */
const mostValues = 12;

/** Ids are short and have no letters but those of ASCII. */
const isId = (text: string): boolean => /^[\x20-\x7e]{1,100}$/.test(text) && !isMissing(text);

export function createNormaliser(schema: Schema, plan: Plan): (record: InputRecord) => NormalRecord {
  const countryColumns = schema.columns.filter((column) => column.kind === 'country').map((column) => column.name);
  const ofPersons = plan.slots.some((slot) => slot.kind === 'personName');
  const organisationOnly = schema.entityKind === 'organisation';
  const slotsOf = (kind: SlotKind): number[] =>
    plan.slots.flatMap((slot, index) => (slot.kind === kind ? [index] : []));
  const emailSlots = slotsOf('email');
  const domainSlots = slotsOf('domain');
  const employerSlot = ofPersons ? (slotsOf('organisation')[0] ?? -1) : -1;
  const emailsOf = (values: readonly (readonly string[])[]): readonly string[] =>
    emailSlots.length === 1
      ? (values[emailSlots[0] as number] as readonly string[])
      : emailSlots.flatMap((slot) => values[slot] as readonly string[]);

  const countryOf = (record: InputRecord): string | undefined => {
    for (const name of countryColumns) {
      const text = textsOf(record.fields, name)[0];
      if (text === undefined) continue;
      const code = parseCountry(text);
      if (code.length === 2) return code;
    }
    return schema.defaultCountry;
  };

  return (record) => {
    const values: (readonly string[])[] = [];
    let name = '';
    let country: string | undefined | null = null;
    for (const slot of plan.slots) {
      let found: readonly string[];
      switch (slot.kind) {
        case 'personName':
          found = namesOf(slot, record);
          name ||= found[0] ?? '';
          break;
        case 'address':
          found = addressesOf(slot, record);
          break;
        case 'phone':
          if (country === null) country = countryOf(record);
          found = simple(slot, record, (text) => parsePhone(text, country ?? undefined));
          break;
        case 'email':
          found = simple(slot, record, emailOf);
          break;
        case 'organisation':
          found = simple(slot, record, organisationOf);
          break;
        case 'position':
          found = positionsOf(slot, record);
          break;
        case 'date':
          found = datesOf(slot, record);
          break;
        case 'identifier':
          found = simple(slot, record, (text, kind) => {
            if (kind === 'url') return parseUrl(text);
            const cleaned = cleanText(text);
            const code = squeeze(cleaned);
            return isMissing(cleaned) || code === '' || /^0+$/.test(code) ? null : code;
          });
          break;
        case 'domain':
          found = simple(slot, record, parseDomain);
          break;
        case 'category':
          found = simple(slot, record, (text) => {
            const cleaned = cleanText(text);
            return cleaned === '' ? null : wordsOf(cleaned).join(' ') || null;
          });
          break;
        case 'link':
          found = simple(slot, record, (text, kind) => {
            const id = text.trim();
            return !isId(id) ? null : kind === 'recordId' ? ownId(id) : linkedId(id);
          });
          break;
        case 'freeText':
          found = simple(slot, record, (text) => {
            const cleaned = cleanText(text);
            return isMissing(cleaned) ? null : [...new Set(wordsOf(cleaned))].slice(0, 64).sort().join(' ') || null;
          });
          break;
      }
      values.push(found);
    }
    const own = name === '' ? null : readName(name);
    for (const index of emailSlots) {
      const found = values[index] as readonly string[];
      if (found.length > 0 && own !== null) values[index] = found.map((email) => marked(email, own));
    }
    if (organisationOnly)
      for (const index of domainSlots)
        if (values[index]?.length === 0)
          values[index] = distinct(emailsOf(values).map((email) => parseDomain(withoutMark(email))));
    // Who writes from an employer's domain works there, even where nobody has filled in the employer.
    if (employerSlot >= 0) {
      const written = values[employerSlot] as readonly string[];
      const byDomain = emailsOf(values).flatMap((email) => employerInDomain(withoutMark(email)) ?? none);
      if (written.length === 0) values[employerSlot] = distinct(byDomain.map(employerByDomain));
      else if (byDomain.length > 0) values[employerSlot] = written.map(employerBesideMailbox);
    }
    return { id: record.id, source: record.source, values };
  };
}

const organisationOf = remembered((text) => {
  const organisation = parseOrganisation(text);
  return organisation === null ? null : writeOrganisation(organisation);
});

function emailOf(text: string): string | null {
  const email = parseEmail(text);
  return email === null ? null : email.domain === '' ? email.local : `${email.local}@${email.domain}`;
}

const ofName = '|n';

/** An address that can be read off the name is marked, since it tells no more than that. */
function marked(email: string, { given, family }: PersonName): string {
  const at = email.lastIndexOf('@');
  return at > 0 && isExplainedByName(email.slice(0, at), given, family) ? `${email}${ofName}` : email;
}

function withoutMark(email: string): string {
  return email.endsWith(ofName) ? email.slice(0, -ofName.length) : email;
}

function distinct(found: readonly (string | null)[]): readonly string[] {
  const kept: string[] = [];
  for (const value of found) {
    if (value !== null && value !== '' && kept.length < mostValues && !kept.includes(value)) kept.push(value);
  }
  // Most slots of most records are empty: they share one list.
  return kept.length === 0 ? none : kept;
}

function simple(
  slot: Slot,
  record: InputRecord,
  read: (text: string, kind: ColumnKind) => string | null,
): readonly string[] {
  const found: (string | null)[] = [];
  for (const column of slot.columns) {
    for (const text of textsOf(record.fields, column.name)) found.push(read(text, column.kind));
  }
  return distinct(found);
}

function datesOf(slot: Slot, record: InputRecord): readonly string[] {
  const parts = { dateYear: '', dateMonth: '', dateDay: '' };
  const found: (string | null)[] = [];
  for (const column of slot.columns) {
    for (const text of textsOf(record.fields, column.name)) {
      if (column.kind === 'date') found.push(parseDate(text, slot.dateOrder));
      else parts[column.kind as keyof typeof parts] ||= text.trim();
    }
  }
  if (parts.dateYear !== '')
    found.push(parseDate([parts.dateYear, parts.dateMonth || '0', parts.dateDay || '0'].join('-'), 'monthFirst'));
  return distinct(found);
}

function positionsOf(slot: Slot, record: InputRecord): readonly string[] {
  const found: (string | null)[] = [];
  const norths: string[] = [];
  const easts: string[] = [];
  for (const column of slot.columns) {
    const texts = textsOf(record.fields, column.name);
    if (column.kind === 'latitude') norths.push(...texts);
    else if (column.kind === 'longitude') easts.push(...texts);
    else for (const text of texts) found.push(written(parsePositionText(text)));
  }
  norths.slice(0, mostValues).forEach((north, at) => {
    found.push(written(parsePosition(north, easts[at] ?? '')));
  });
  return distinct(found);
}

function written(position: Position | null): string | null {
  return position === null ? null : writePosition(position);
}

function namesOf(slot: Slot, record: InputRecord): readonly string[] {
  const parts = { givenName: '', middleName: '', familyName: '', nameSuffix: '' };
  const found: (string | null)[] = [];
  const whole: string[] = [];
  for (const column of slot.columns) {
    for (const text of textsOf(record.fields, column.name)) {
      if (column.kind === 'personName') whole.push(text);
      else if (column.kind in parts) {
        const kind = column.kind as keyof typeof parts;
        parts[kind] = parts[kind] === '' ? text : parts[kind];
      }
    }
  }
  const inParts = parseNameParts(parts.givenName, parts.middleName, parts.familyName, parts.nameSuffix);
  if (inParts !== null) found.push(writeName(inParts));
  for (const text of whole) {
    const name = parseFullName(text);
    if (name !== null) found.push(writeName(name));
  }
  return distinct(found);
}

function addressesOf(slot: Slot, record: InputRecord): readonly string[] {
  const parts = { ...noParts };
  let isEmpty = true;
  for (const column of slot.columns) {
    const list = textsOf(record.fields, column.name);
    if (list.length > 1) return severalAddressesOf(slot, record);
    const text = list[0];
    if (text === undefined || text === '') continue;
    isEmpty = false;
    const kind = column.kind as ColumnKindOfAddress;
    const before = parts[kind];
    parts[kind] = before === '' ? text : `${before}${kind === 'address' ? ', ' : ' '}${text}`;
  }
  const address = isEmpty ? null : parseAddress(addressParts(parts));
  return address === null ? none : distinct([writeAddress(address)]);
}

/** Parts of an address by the kind of their column. */
const noParts: Readonly<Record<ColumnKindOfAddress, string>> = {
  address: '',
  houseNumber: '',
  street: '',
  city: '',
  postalCode: '',
  region: '',
  country: '',
};

function addressParts(parts: Readonly<Record<ColumnKindOfAddress, string>>): AddressParts {
  return { ...parts, full: parts.address, house: parts.houseNumber };
}

/** The same where columns have lists, whose items belong together by position. */
function severalAddressesOf(slot: Slot, record: InputRecord): readonly string[] {
  const lists = new Map<ColumnKindOfAddress, (readonly string[])[]>();
  let longest = 0;
  for (const column of slot.columns) {
    const list = textsOf(record.fields, column.name);
    if (list.length === 0) continue;
    longest = Math.max(longest, list.length);
    const kind = column.kind as ColumnKindOfAddress;
    const known = lists.get(kind);
    if (known === undefined) lists.set(kind, [list]);
    else known.push(list);
  }
  const at = (kind: ColumnKindOfAddress, index: number, join: string): string =>
    (lists.get(kind) ?? [])
      .map((list) => list[index] ?? (list.length === 1 ? list[0] : '') ?? '')
      .filter((text) => text !== '')
      .join(join);
  const found: (string | null)[] = [];
  for (let index = 0; index < Math.min(longest, mostValues); index += 1) {
    const address = parseAddress({
      full: at('address', index, ', '),
      house: at('houseNumber', index, ' '),
      street: at('street', index, ' '),
      city: at('city', index, ' '),
      postalCode: at('postalCode', index, ' '),
      region: at('region', index, ' '),
      country: at('country', index, ' '),
    });
    if (address !== null) found.push(writeAddress(address));
  }
  return distinct(found);
}

type ColumnKindOfAddress = 'address' | 'houseNumber' | 'street' | 'city' | 'postalCode' | 'region' | 'country';
