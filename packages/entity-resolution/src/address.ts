import { countryLines, regionLines, streetWordLines, unitWords } from './data/address-words.ts';
import { remembered } from './remembered.ts';
import { cleanText, isMissing, squeeze, wordsOf } from './text.ts';

/** An address in normal form; a part that is not known is empty. */
export interface Address {
  readonly house: string;
  /** Street words in canonical short form. */
  readonly street: readonly string[];
  readonly postcode: string;
  readonly city: string;
  readonly region: string;
  readonly country: string;
}

export interface AddressParts {
  readonly full: string;
  readonly house: string;
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  readonly region: string;
  readonly country: string;
}

function pairs(lines: string, separator: RegExp): [string, string][] {
  return lines
    .split('\n')
    .filter((line) => line.includes(':'))
    .flatMap((line) => {
      const [canonical = '', spellings = ''] = line.split(':');
      return [canonical.trim(), ...spellings.split(separator).map((spelling) => spelling.trim())]
        .filter((spelling) => spelling !== '')
        .map((spelling) => [spelling, canonical.trim()] as [string, string]);
    });
}

const streetWords: ReadonlyMap<string, string> = new Map(pairs(streetWordLines, / /));
const regions: ReadonlyMap<string, string> = new Map(pairs(regionLines, /,/));
const countries: ReadonlyMap<string, string> = new Map(pairs(countryLines, /,/));
const units: ReadonlySet<string> = new Set(unitWords);

/** Canonical code of a country name, or the cleaned text when it is none that is known. */
export const parseCountry = remembered((raw) => {
  const text = wordsOf(cleanText(raw)).join(' ');
  return isMissing(text) ? '' : (countries.get(text) ?? text);
});

export const parseRegion = remembered((raw) => {
  const text = wordsOf(cleanText(raw)).join(' ');
  return isMissing(text) ? '' : (regions.get(text) ?? text);
});

export function parsePostcode(raw: string): string {
  if (raw === '') return '';
  return fiveDigits.test(raw) ? (raw === '00000' ? '' : raw) : parseWrittenPostcode(raw);
}

const fiveDigits = /^\d{5}$/;

const parseWrittenPostcode = remembered((raw) => {
  const text = cleanText(raw);
  if (isMissing(text)) return '';
  const zip = /^(\d{5})-?\d{4}$/.exec(text);
  if (zip !== null) return zip[1] as string;
  const code = squeeze(text.replace(/\.0+$/, ''));
  return /^0+$/.test(code) ? '' : code;
});

const parseCity = remembered((raw) => {
  const text = cleanText(raw);
  return isMissing(text) ? '' : wordsOf(text.replace(/\bst[. ]/, 'saint ')).join(' ');
});

const houseNumber = /^\d+[a-z]?$/;

function isDigit(word: string): boolean {
  const code = word.charCodeAt(0);
  return code >= 48 && code <= 57;
}

/** Splits street text into the house number and the words of the street; units and floors are left out. */
function readStreet(text: string): { house: string; street: string[] } {
  const plain = text.includes('#') ? text.replace(/#\s*[a-z0-9-]+/g, ' ') : text;
  const words = wordsOf(plain.includes('-') ? plain.replace(/(\d)\s*-\s*(\d)/g, '$1 $2') : plain);
  const kept: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    const following = words[index + 1];
    if (
      units.has(word) &&
      following !== undefined &&
      /^([a-z]|\d+[a-z]?|[a-z]\d+)$/.test(following) &&
      kept.length > 1
    ) {
      index += 1;
      continue;
    }
    kept.push(streetWords.get(word) ?? (isDigit(word) ? word.replace(/^(\d+)(st|nd|rd|th)$/, '$1') : word));
  }
  let house = '';
  let rest = kept;
  if (kept.length > 1 && houseNumber.test(kept[0] as string)) {
    house = kept[0] as string;
    rest = kept.slice(1);
    while (
      rest.length > 1 &&
      /^\d+$/.test(rest[0] as string) &&
      /[a-z]{2}/.test(rest.slice(1).join('')) &&
      text.includes('-')
    )
      rest = rest.slice(1);
  } else if (kept.length > 1 && houseNumber.test(kept.at(-1) as string)) {
    house = kept.at(-1) as string;
    rest = kept.slice(0, -1);
  } else {
    const at = kept.findIndex((word, index) => index > 0 && /^\d+[a-z]?$/.test(word));
    if (at > 0 && at < kept.length - 1) {
      house = kept[at] as string;
      rest = [...kept.slice(0, at), ...kept.slice(at + 1)];
    }
  }
  return { house: house.replace(/^0+(?=\d)/, ''), street: rest.slice(0, 12) };
}

/** Takes country, postal code, region and city off the end of an address written in one line. */
function readTail(text: string): { head: string; postcode: string; city: string; region: string; country: string } {
  // Without a comma only a postal code at the end of the line is told from the street, and every one ends in a digit and few letters.
  if (!text.includes(',') && !/\d[a-z]{0,2}$/.test(text))
    return { head: text, postcode: '', city: '', region: '', country: '' };
  const pieces = text
    .split(',')
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '');
  let postcode = '';
  let region = '';
  let country = '';
  let city = '';
  const last = (): string => pieces.at(-1) ?? '';
  if (pieces.length > 1 && countries.has(wordsOf(last()).join(' ')) && !regions.has(last()))
    country = parseCountry(pieces.pop() as string);
  const zip =
    /(?:^|\s)(\d{5})(?:-\d{4})?$/.exec(last()) ??
    /(?:^|\s)([a-z]{1,2}\d[a-z0-9]?\s*\d[a-z]{2})$/.exec(last()) ??
    /(?:^|\s)([a-z]\d[a-z]\s*\d[a-z]\d)$/.exec(last());
  if (zip !== null && (pieces.length > 1 || zip.index > 0)) {
    postcode = parsePostcode(zip[1] as string);
    const rest = last().slice(0, zip.index).trim();
    pieces.pop();
    if (rest !== '') pieces.push(rest);
  }
  const words = wordsOf(last());
  for (let size = Math.min(3, words.length); size > 0 && region === ''; size -= 1) {
    const code = regions.get(words.slice(-size).join(' '));
    const enough = size < words.length || pieces.length > 1;
    if (code !== undefined && enough && (postcode !== '' || pieces.length > 1)) {
      region = code;
      pieces.pop();
      const rest = words.slice(0, -size).join(' ');
      if (rest !== '') pieces.push(rest);
    }
  }
  if (pieces.length > 1) city = parseCity(pieces.pop() as string);
  return { head: pieces.join(' '), postcode, city, region, country };
}

export function parseAddress(parts: AddressParts): Address | null {
  let postcode = parsePostcode(parts.postalCode);
  let city = parseCity(parts.city);
  let region = parseRegion(parts.region);
  let country = parseCountry(parts.country);
  let house = '';
  let street: string[] = [];
  const full = cleanText(parts.full);
  const line = cleanText(parts.street);
  const text = isMissing(line) ? full : isMissing(full) || full.includes(line) ? line : `${line}, ${full}`;
  if (!isMissing(text)) {
    const source = isMissing(line) ? full : line;
    const tail = readTail(source);
    postcode ||= tail.postcode;
    city ||= tail.city;
    region ||= tail.region;
    country ||= tail.country;
    ({ house, street } = readStreet(tail.head));
  }
  const ownHouse = parts.house === '' ? '' : squeeze(cleanText(parts.house)).replace(/^0+(?=\d)/, '');
  if (ownHouse !== '') {
    if (house !== '' && house !== ownHouse) street = [house, ...street];
    house = ownHouse;
  }
  const address = { house, street, postcode, city, region, country };
  return house === '' && street.length === 0 && postcode === '' && city === '' && region === '' && country === ''
    ? null
    : address;
}

export function writeAddress(address: Address): string {
  return [
    address.house,
    address.street.join(' '),
    address.postcode,
    address.city,
    address.region,
    address.country,
  ].join('|');
}

export function readAddress(text: string): Address {
  const [house = '', street = '', postcode = '', city = '', region = '', country = ''] = text.split('|');
  return { house, street: street === '' ? [] : street.split(' '), postcode, city, region, country };
}
