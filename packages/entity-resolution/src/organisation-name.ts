import { legalFormLines, organisationWordLines } from './data/legal-forms.ts';
import { cleanText, isMissing, wordsOf } from './text.ts';

/** An organisation's name in normal form: the words that name it, and its legal form apart (empty when none was written). */
export interface OrganisationName {
  readonly words: readonly string[];
  readonly legalForm: string;
}

const legalForms: ReadonlyMap<string, string> = new Map(
  legalFormLines
    .split('\n')
    .filter((line) => line.includes(':'))
    .flatMap((line) => {
      const [form = '', spellings = ''] = line.split(':');
      return spellings.split(',').map((spelling) => [spelling.trim(), form.trim()] as const);
    }),
);
const longestForm = Math.max(...[...legalForms.keys()].map((spelling) => spelling.split(' ').length));

const longWords: ReadonlyMap<string, string> = new Map(
  organisationWordLines
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => {
      const [short = '', long = ''] = line.split(':');
      return [short.trim(), long.trim()] as const;
    }),
);

const fillers: ReadonlySet<string> = new Set([
  'the',
  'and',
  'of',
  'for',
  'und',
  'et',
  'y',
  'e',
  'a',
  'an',
  'at',
  'in',
  'le',
  'la',
  'les',
  'de',
  'der',
  'die',
  'das',
  'el',
  'los',
  'du',
  'des',
]);

/** Takes a legal form off the end (`Acme Pty Ltd`), or off the front where it is written there (`OOO Romashka`). */
function takeLegalForm(words: string[]): { rest: string[]; form: string } {
  for (let size = Math.min(longestForm, words.length - 1); size > 0; size -= 1) {
    const form = legalForms.get(words.slice(-size).join(' '));
    if (form !== undefined) return { rest: words.slice(0, -size), form };
  }
  const first = words[0] ?? '';
  const leading =
    words.length > 1 && ['ooo', 'zao', 'oao', 'pao', 'pt', 'kk'].includes(first) ? legalForms.get(first) : undefined;
  return leading === undefined ? { rest: words, form: '' } : { rest: words.slice(1), form: leading };
}

export function parseOrganisation(raw: string): OrganisationName | null {
  const text = cleanText(raw)
    .replace(/\b(d\/b\/a|dba|t\/a|trading as|formerly|f\/k\/a|a\/k\/a)\b.*$/, '')
    .replace(/&/g, ' and ');
  const source = isMissing(text) ? cleanText(raw) : text;
  if (isMissing(source)) return null;
  let words = wordsOf(source);
  let legalForm = '';
  for (let round = 0; round < 2; round += 1) {
    const { rest, form } = takeLegalForm(words);
    if (form === '') break;
    words = rest;
    legalForm = form === 'co' && legalForm !== '' ? legalForm : form;
  }
  const named = words.filter((word) => !fillers.has(word)).map((word) => longWords.get(word) ?? word);
  const kept = named.length > 0 ? named : words;
  return kept.length === 0 ? null : { words: kept.slice(0, 24), legalForm };
}

/** Ends the normal form of a name that was read off a mail domain. */
const readOffDomain = '|@';
/** Ends the normal form of an employer whose employee has a mailbox there: the mail domain tells as much. */
const besideMailbox = '|+';

/** Normal form of an employer that is known by its mail domain only. */
export function employerByDomain(words: string): string {
  return `${words}${readOffDomain}`;
}

export function employerBesideMailbox(organisation: string): string {
  return `${organisation}${organisation.includes('|') ? '' : '|'}${besideMailbox}`;
}

export function isReadOffDomain(text: string): boolean {
  return text.endsWith(readOffDomain);
}

export function isBesideMailbox(text: string): boolean {
  return text.endsWith(besideMailbox);
}

export function writeOrganisation(name: OrganisationName): string {
  return name.legalForm === '' ? name.words.join(' ') : `${name.words.join(' ')}|${name.legalForm}`;
}

export function readOrganisation(text: string): OrganisationName {
  const bar = text.indexOf('|');
  const core = bar < 0 ? text : text.slice(0, bar);
  return { words: core.split(' '), legalForm: bar < 0 ? '' : text.slice(bar + 1).replace(/\|?[@+]$/, '') };
}
