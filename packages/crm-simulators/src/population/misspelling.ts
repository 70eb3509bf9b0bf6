import type { Random } from '../random.ts';

const neighbours: Readonly<Record<string, string>> = {
  a: 'sqz',
  b: 'vgn',
  c: 'xvd',
  d: 'sfe',
  e: 'wrd',
  f: 'dgr',
  g: 'fht',
  h: 'gjy',
  i: 'uok',
  j: 'hku',
  k: 'jli',
  l: 'kop',
  m: 'nj',
  n: 'bm',
  o: 'ipl',
  p: 'ol',
  q: 'wa',
  r: 'etf',
  s: 'adw',
  t: 'ryg',
  u: 'yij',
  v: 'cbf',
  w: 'qes',
  x: 'zcs',
  y: 'tuh',
  z: 'xa',
};

const letter = /\p{L}/u;

/** One slip of the fingers: a letter lost, doubled, replaced by its neighbour, or two swapped. */
export function misspell(text: string, random: Random): string {
  const chars = Array.from(text);
  const places = chars.flatMap((char, index) => (index > 0 && letter.test(char) ? [index] : []));
  if (places.length < 2) return text;
  const at = random.pick(places);
  const char = chars[at] as string;
  switch (random.integer(0, 3)) {
    case 0:
      chars.splice(at, 1);
      break;
    case 1:
      chars.splice(at, 0, char.toLowerCase());
      break;
    case 2: {
      const options = neighbours[char.toLowerCase()];
      if (options === undefined) chars.splice(at, 1);
      else chars[at] = options[random.integer(0, options.length - 1)] as string;
      break;
    }
    default: {
      const other = at + 1 < chars.length ? at + 1 : at - 1;
      [chars[at], chars[other]] = [chars[other] as string, char];
    }
  }
  return chars.join('');
}

const foldings: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  Ä: 'Ae',
  Ö: 'Oe',
  Ü: 'Ue',
  ø: 'o',
  ł: 'l',
  Ł: 'L',
  ı: 'i',
  å: 'a',
  Å: 'A',
};

/** The text as someone without the right keyboard types it. */
export function foldAccents(text: string, random: Random): string {
  const isGerman = random.chance(0.5);
  const folded = Array.from(text)
    .map((char) => (isGerman || !/[äöüÄÖÜ]/.test(char) ? (foldings[char] ?? char) : char))
    .join('');
  return folded.normalize('NFKD').replace(/\p{M}/gu, '');
}

export const hasAccents = (text: string): boolean => /[^\x20-\x7e]/.test(text);

/** A letter-only ASCII form, for e-mail addresses and domains. */
export function toAscii(text: string): string {
  return Array.from(text)
    .map((char) => foldings[char] ?? char)
    .join('')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}
