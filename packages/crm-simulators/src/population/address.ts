import type { Random } from '../random.ts';
import type { City, Country, DataTables } from './data-tables.ts';

export interface Address {
  readonly street: string;
  readonly city: string;
  readonly region: string;
  readonly regionCode: string;
  readonly postcode: string;
  readonly country: Country;
}

const letters = 'ABCDEFGHJKLMNPRSTUWXYZ';

export function fillPostcode(pattern: string, random: Random): string {
  let text = '';
  for (const char of pattern) {
    if (char === '#') text += random.integer(0, 9);
    else if (char === 'X') text += letters[random.integer(0, letters.length - 1)];
    else text += char;
  }
  return text;
}

function houseNumber(country: Country, random: Random): number {
  const top = country.code === 'US' || country.code === 'CA' || country.code === 'AU' ? 9800 : 190;
  // Low numbers are far more common than high ones.
  return 1 + Math.floor(top * random.next() ** 2.2);
}

function streetLine(tables: DataTables, country: Country, random: Random): string {
  const street = tables.streets(country.streets)(random);
  const number = houseNumber(country, random);
  switch (country.code) {
    case 'DE':
    case 'AT':
    case 'NL':
    case 'PL':
    case 'SE':
      return `${street} ${number}`;
    case 'ES':
    case 'IT':
      return `${street}, ${number}`;
    case 'FR':
      return `${number} ${street}`;
    case 'JP':
      return `${random.integer(1, 5)}-${random.integer(1, 30)}-${random.integer(1, 20)} ${random.pick(['Marunouchi', 'Ginza', 'Umeda', 'Shibuya', 'Namba'])}`;
    default:
      return `${number} ${street}`;
  }
}

export function createAddress(tables: DataTables, country: Country, city: City, random: Random): Address {
  let street = streetLine(tables, country, random);
  if ((country.code === 'US' || country.code === 'CA') && random.chance(0.18)) {
    street += random.pick([
      `, Suite ${random.integer(1, 40)}00`,
      ` Apt ${random.integer(1, 40)}`,
      ` #${random.integer(1, 400)}`,
      `, Unit ${random.integer(1, 30)}`,
    ]);
  }
  return {
    street,
    city: city.name,
    region: city.region,
    regionCode: city.regionCode,
    postcode: fillPostcode(city.postcodePattern, random),
    country,
  };
}

const abbreviations: readonly (readonly [RegExp, string])[] = [
  [/\bStreet\b/, 'St'],
  [/\bSt\b(?!\.)/, 'Street'],
  [/\bAve\b/, 'Avenue'],
  [/\bAvenue\b/, 'Ave.'],
  [/\bRoad\b/, 'Rd'],
  [/\bRd\b/, 'Road'],
  [/\bDr\b/, 'Drive'],
  [/\bLane\b/, 'Ln'],
  [/\bLn\b/, 'Lane'],
  [/\bBlvd\b/, 'Boulevard'],
  [/stra(?:ß|ss)e\b/, 'str.'],
  [/Straße\b/, 'Str.'],
  [/\bSuite\b/, 'Ste'],
  [/\bAvenue de\b/, 'Av. de'],
  [/\bBoulevard\b/, 'Bd'],
  [/\bCalle\b/, 'C/'],
  [/\bVia\b/, 'V.'],
];

/** The same street the way another person writes it. */
export function respellStreet(street: string, random: Random): string {
  const kind = random.integer(0, 5);
  if (kind === 0) return street.toUpperCase();
  if (kind === 1) return street.toLowerCase();
  if (kind === 2) return street.replace(/,? (?:Suite|Apt|Unit|#).*$/, '');
  for (const [pattern, replacement] of abbreviations) {
    if (pattern.test(street)) return street.replace(pattern, replacement);
  }
  return street.replace(/^(\d+) /, '$1, ');
}

/** The same country the way another person writes it. */
export function respellCountry(country: Country, random: Random): string {
  return random.chance(0.6) ? country.name : random.pick(country.spellings);
}
