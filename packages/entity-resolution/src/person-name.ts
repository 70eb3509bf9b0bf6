import { nicknameLines } from './data/nicknames.ts';
import { remembered } from './remembered.ts';
import { cleanText, isMissing, wordsOf } from './text.ts';

/** A person's name in normal form: given and family words apart, and the place among namesakes of one family (1 senior, 2 junior, 3 third). */
export interface PersonName {
  readonly given: readonly string[];
  readonly family: readonly string[];
  readonly generation: number;
}

const titles: ReadonlySet<string> = new Set(
  'mr mrs ms miss mx dr prof professor sir madam dame lady rev reverend fr father hon judge capt captain maj major col colonel lt sgt gen herr frau dipl ing monsieur madame mme mlle senor senora sr sra don dona'.split(
    ' ',
  ),
);

const generations: ReadonlyMap<string, number> = new Map([
  ['sr', 1],
  ['snr', 1],
  ['senior', 1],
  ['i', 1],
  ['jr', 2],
  ['jnr', 2],
  ['junior', 2],
  ['ii', 2],
  ['2nd', 2],
  ['iii', 3],
  ['3rd', 3],
  ['iv', 4],
  ['4th', 4],
  ['v', 5],
]);

const degrees: ReadonlySet<string> = new Set(
  'phd md esq esquire cpa dds dvm mba msc bsc ma ba jd rn pe pmp cfa obe mbe cbe dphil llm dmd do cissp faia shrm'.split(
    ' ',
  ),
);

const particles: ReadonlySet<string> = new Set(
  'de del della der den di da do dos das du la le van von zu zum ter ten bin ibn al el st saint mac mc san af av'.split(
    ' ',
  ),
);

/** Words that may stand alone at the end although they are also names or initials. */
const doubtfulAlone: ReadonlySet<string> = new Set(['i', 'v', 'ma', 'ba', 'do', 'pe']);

interface Words {
  readonly words: readonly string[];
  readonly generation: number;
}

/** Takes titles off the front and generations and degrees off the end, never the last word left. */
function strip(words: string[], allowTitle: boolean): Words {
  let generation = 0;
  let from = 0;
  let to = words.length;
  while (to - from > 1) {
    const last = words[to - 1] as string;
    const place = generations.get(last);
    if (place !== undefined && !doubtfulAlone.has(last)) {
      generation = generation === 0 ? place : generation;
      to -= 1;
    } else if (degrees.has(last) && !doubtfulAlone.has(last) && to - from > 1) {
      to -= 1;
    } else {
      break;
    }
  }
  // The first of a name may as well be an initial, and stays one.
  if (generation === 0 && to - from > 1 && words[to - 1] === 'i') generation = 1;
  while (allowTitle && to - from > 1 && titles.has(words[from] as string)) from += 1;
  return { words: words.slice(from, to), generation };
}

/** The generation a suffix column holds, or 0. */
export function parseGeneration(raw: string): number {
  if (raw === '') return 0;
  for (const word of wordsOf(cleanText(raw))) {
    const place = generations.get(word);
    if (place !== undefined) return place;
  }
  return 0;
}

const readGiven = remembered((given) => partWords(given, true));
const readFamily = remembered((family) => partWords(family, false));

function partWords(part: string, allowTitle: boolean): Words {
  const text = cleanText(part);
  return isMissing(text) ? { words: [], generation: 0 } : strip(wordsOf(text), allowTitle);
}

/** Reads names that come in parts. */
export function parseNameParts(given: string, middle: string, family: string, suffix: string): PersonName | null {
  const first = readGiven(given);
  const last = readFamily(family);
  const middleText = middle === '' ? '' : cleanText(middle);
  const middleWords = isMissing(middleText) && !/^[a-z]$/.test(middleText) ? [] : wordsOf(middleText);
  if (first.words.length === 0 && last.words.length === 0) return null;
  // A whole name typed into the family name field.
  if (
    first.words.length === 0 &&
    middleWords.length === 0 &&
    last.words.length > 1 &&
    !particles.has(last.words[0] as string)
  ) {
    const whole = parseFullName(last.words.join(' '));
    if (whole !== null) return { ...whole, generation: parseGeneration(suffix) || last.generation };
  }
  const generation = parseGeneration(suffix) || last.generation || first.generation;
  return { given: [...first.words, ...middleWords], family: last.words, generation };
}

/** Reads a whole name: `Given Middle Family`, `Family, Given Middle`, with titles, suffixes and particles. */
export function parseFullName(raw: string): PersonName | null {
  const text = cleanText(raw).replace(/\([^)]*\)|"[^"]*"/g, ' ');
  if (isMissing(text)) return null;
  const comma = text.indexOf(',');
  if (comma > 0) {
    const head = text.slice(0, comma);
    const tail = text.slice(comma + 1).replace(/,/g, ' ');
    const tailWords = wordsOf(tail);
    const onlySuffixes = tailWords.every((word) => generations.has(word) || degrees.has(word));
    if (!onlySuffixes) {
      const name = parseNameParts(tail, '', head, '');
      if (name !== null) return name;
    } else {
      const inner = parseFullName(head);
      return inner === null ? null : { ...inner, generation: inner.generation || parseGeneration(tail) };
    }
  }
  const { words: all, generation } = strip(wordsOf(text), true);
  const words = all.length > 2 && all.at(-1) === 'i' ? all.slice(0, -1) : all;
  if (words.length === 0) return null;
  if (words.length === 1) return { given: [], family: words, generation };
  let split = words.length - 1;
  while (split > 1 && particles.has(words[split - 1] as string)) split -= 1;
  return { given: words.slice(0, split), family: words.slice(split), generation };
}

export function writeName(name: PersonName): string {
  return `${name.given.join(' ')}|${name.family.join(' ')}${name.generation > 0 ? `|${name.generation}` : ''}`;
}

export function readName(text: string): PersonName {
  const [given = '', family = '', generation = '0'] = text.split('|');
  return {
    given: given === '' ? [] : given.split(' '),
    family: family === '' ? [] : family.split(' '),
    generation: Number(generation),
  };
}

const nicknameGroups: ReadonlyMap<string, readonly number[]> = (() => {
  const groups = new Map<string, number[]>();
  nicknameLines
    .split('\n')
    .filter((line) => line.includes(':'))
    .forEach((line, group) => {
      const [formal = '', short = ''] = line.split(':');
      for (const word of [formal.trim(), ...short.trim().split(/\s+/)]) {
        const list = groups.get(word);
        if (list === undefined) groups.set(word, [group]);
        else list.push(group);
      }
    });
  return groups;
})();

const noGroups: readonly number[] = [];

/** The nickname groups of a given name; two names are nicknames of each other when they share one. */
export function nicknameGroupsOf(word: string): readonly number[] {
  return nicknameGroups.get(word) ?? noGroups;
}

/** First letters of the names in a nickname group. */
export function nicknameInitials(group: number): string {
  return groupInitials[group] ?? '';
}

const groupInitials: readonly string[] = (() => {
  const initials: string[] = [];
  for (const [word, groups] of nicknameGroups) {
    for (const group of groups) {
      const known = initials[group] ?? '';
      initials[group] = known.includes(word.charAt(0)) ? known : known + word.charAt(0);
    }
  }
  return initials;
})();

export function areNicknames(left: string, right: string): boolean {
  const a = nicknameGroupsOf(left);
  if (a.length === 0) return false;
  const b = nicknameGroupsOf(right);
  return a.some((group) => b.includes(group));
}

/** The same for words that come up again and again. */
export const soundOf = remembered(soundKey, 100_000);

/** How a name sounds, roughly: first letter class, then consonant classes without repeats. Names that are misheard share it. */
export function soundKey(word: string): string {
  let text = word
    .replace(/[^a-z]/g, '')
    .replace(/^(kn|gn|pn|wr)/, (pair) => pair.charAt(1))
    .replace(/^x/, 's')
    .replace(/^wh/, 'w')
    .replace(/ph/g, 'f')
    .replace(/gh(?=[^aeiouy]|$)/g, '')
    .replace(/gh/g, 'g')
    .replace(/sch|sh|tch|ch|cz|ts|tz/g, 'x')
    .replace(/c(?=[eiy])/g, 's')
    .replace(/ck|[cqk]/g, 'k')
    .replace(/dg(?=[eiy])/g, 'j')
    .replace(/mb$/, 'm');
  if (text === '') return word;
  const first = text.charAt(0);
  text = text.slice(1).replace(/[aeiouyhw]+/g, '.');
  let key = /[aeiouyh]/.test(first) ? 'a' : soundClass(first);
  let previous = key;
  for (const letter of text) {
    if (letter === '.') {
      previous = '';
      continue;
    }
    const sound = soundClass(letter);
    if (sound !== previous) key += sound;
    previous = sound;
  }
  return key.slice(0, 5);
}

function soundClass(letter: string): string {
  switch (letter) {
    case 'b':
    case 'p':
      return 'p';
    case 'f':
    case 'v':
      return 'f';
    case 'g':
    case 'k':
      return 'k';
    case 'd':
    case 't':
      return 't';
    case 's':
    case 'z':
      return 's';
    case 'j':
    case 'x':
      return 'x';
    case 'm':
    case 'n':
      return 'n';
    default:
      return letter;
  }
}
