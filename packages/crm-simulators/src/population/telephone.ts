import type { Random } from '../random.ts';
import type { Country } from './data-tables.ts';

/** A telephone number in national form with blanks, as the country writes it. */
export interface Telephone {
  readonly country: Country;
  readonly national: string;
}

/** Fills `#` with any digit and `N` with 2 to 9. */
function fill(pattern: string, random: Random): string {
  let text = '';
  for (const char of pattern) {
    if (char === '#') text += random.integer(0, 9);
    else if (char === 'N') text += random.integer(2, 9);
    else text += char;
  }
  return text;
}

/** Draws numbers, none of them twice while the pattern has room. */
export function createTelephoneSource(random: Random) {
  const taken = new Set<string>();
  return (country: Country, pattern: string): Telephone => {
    let national = fill(pattern, random);
    for (let attempt = 0; taken.has(national) && attempt < 50; attempt++) national = fill(pattern, random);
    taken.add(national);
    return { country, national };
  };
}

const trunkless: ReadonlySet<string> = new Set(['US', 'CA', 'ES', 'IT', 'PL']);

export function toE164(telephone: Telephone): string {
  const digits = telephone.national.replace(/\D/g, '');
  const significant = trunkless.has(telephone.country.code) ? digits : digits.replace(/^0/, '');
  return `+${telephone.country.callingCode}${significant}`;
}

function northAmerican(digits: string, style: number): string {
  const [area, exchange, line] = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)];
  switch (style) {
    case 0:
    case 1:
    case 2:
      return `(${area}) ${exchange}-${line}`;
    case 3:
    case 4:
      return `${area}-${exchange}-${line}`;
    case 5:
      return `${area}.${exchange}.${line}`;
    case 6:
      return digits;
    case 7:
      return `+1${digits}`;
    case 8:
      return `+1 ${area} ${exchange} ${line}`;
    default:
      return `1-${area}-${exchange}-${line}`;
  }
}

/** The number in one of the ways people write it. `extension` is added when given. */
export function formatTelephone(telephone: Telephone, random: Random, extension: number | null = null): string {
  const { code, callingCode } = telephone.country;
  const style = random.integer(0, 9);
  let text: string;
  if (code === 'US' || code === 'CA') {
    text = northAmerican(telephone.national.replace(/\D/g, ''), style);
  } else {
    const international = toE164(telephone).slice(callingCode.length + 1);
    const grouped = trunkless.has(code) ? telephone.national : telephone.national.replace(/^0/, '');
    switch (style) {
      case 0:
      case 1:
      case 2:
        text = `+${callingCode} ${grouped}`;
        break;
      case 3:
      case 4:
        text = telephone.national;
        break;
      case 5:
        text = telephone.national.replace(/\s/g, '');
        break;
      case 6:
        text = `00${callingCode} ${grouped}`;
        break;
      case 7:
        text = trunkless.has(code)
          ? `+${callingCode}-${grouped.replaceAll(' ', '-')}`
          : `+${callingCode} (0)${grouped}`;
        break;
      case 8:
        text = telephone.national.replace(' ', '/');
        break;
      default:
        text = `+${callingCode}${international}`;
    }
  }
  if (extension === null) return text;
  return text + random.pick([` x${extension}`, ` ext. ${extension}`, `, ext ${extension}`]);
}

/** What people type when a field insists on a number they do not have. */
export const dummyTelephones: readonly string[] = [
  '000-000-0000',
  '999-999-9999',
  '123-456-7890',
  '0',
  'n/a',
  '+1 000 000 0000',
];
