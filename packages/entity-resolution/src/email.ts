import { freeMailDomains, roleMailboxes } from './data/mail-domains.ts';
import { areNicknames } from './person-name.ts';
import { cleanText, isMissing } from './text.ts';

/** An e-mail address in normal form. Malformed text is kept whole in `local` with an empty domain, so that it can still be compared. */
export interface Email {
  readonly local: string;
  readonly domain: string;
}

const sameAs: ReadonlyMap<string, string> = new Map([
  ['googlemail.com', 'gmail.com'],
  ['pm.me', 'proton.me'],
  ['protonmail.com', 'proton.me'],
]);

/** Providers that ignore what follows a plus sign in the mailbox name; corporate servers mostly do too. */
const hyphenTagged = /^(yahoo|ymail|rocketmail)\./;

export function parseEmail(raw: string): Email | null {
  const cleaned = cleanText(raw);
  const text = plainAddress.test(cleaned) ? cleaned : addressIn(cleaned);
  if (text === null) return null;
  const at = text.lastIndexOf('@');
  if (at <= 0 || at === text.length - 1) return { local: text, domain: '' };
  let local = text.slice(0, at).replace(/^["']|["']$/g, '');
  const written = text.slice(at + 1);
  const domain = sameAs.get(written) ?? written;
  const plus = local.indexOf('+');
  if (plus > 0) local = local.slice(0, plus);
  if (domain === 'gmail.com') local = local.replace(/\./g, '');
  if (hyphenTagged.test(domain)) local = local.replace(/-[^-]*$/, (tag, offset: number) => (offset > 0 ? '' : tag));
  return local === '' ? null : { local, domain };
}

/** Most addresses have nothing about them. */
const plainAddress = /^[a-z0-9._+-]+@[a-z0-9.-]*[a-z0-9]$/;

/** The address in a text such as `"Ann" <mailto:ann@acme.com>;`. */
function addressIn(cleaned: string): string | null {
  const text = cleaned
    .replace(/^mailto:/, '')
    .replace(/^.*<([^<>]+)>.*$/, '$1')
    .replace(/\s+/g, '')
    .replace(/[.,;:]+$/, '');
  return isMissing(text) ? null : text;
}

export function isFreeMail(domain: string): boolean {
  return freeMailDomains.has(domain);
}

/** True when a mailbox belongs to a function (`info@`), so that sharing it is no sign of being one person. */
export function isRoleMailbox(local: string): boolean {
  return roleMailboxes.has(local.replace(/[0-9]+$/, '').replace(/[._]/g, '')) || roleMailboxes.has(local);
}

/**
 * True when the mailbox name can be read off the person's name (`john.smith`, `jsmith82`, `smithj`, `bob_smith` of a Robert Smith): then it
 * says nothing that the name has not said already.
 */
export function isExplainedByName(local: string, given: readonly string[], family: readonly string[]): boolean {
  const letters = local.replace(/[^a-z]+/g, '');
  if (explains(letters, given, family)) return true;
  const folded = foldUmlauts(letters);
  const givenFolded = given.map(foldUmlauts);
  const familyFolded = family.map(foldUmlauts);
  const isSame = (text: string, at: number, before: readonly string[]): boolean => text === before[at];
  return folded === letters &&
    givenFolded.every((text, at) => isSame(text, at, given)) &&
    familyFolded.every((text, at) => isSame(text, at, family))
    ? false
    : explains(folded, givenFolded, familyFolded);
}

/** Mueller and Muller are both ways to write an umlaut without the letter. */
function foldUmlauts(text: string): string {
  return text.replace(/([aou])e/g, '$1');
}

function explains(letters: string, given: readonly string[], family: readonly string[]): boolean {
  if (letters.length < 3) return false;
  const last = family.join('');
  const first = given[0] ?? '';
  for (const part of new Set([last, ...family])) {
    if (part.length < 2) continue;
    const at = letters.indexOf(part);
    if (at >= 0 && (part.length >= 4 || at === 0 || at + part.length === letters.length)) {
      if (isFromGiven(letters.slice(0, at) + letters.slice(at + part.length), given)) return true;
    }
  }
  if (first.length >= 3 && letters.includes(first)) {
    const rest = letters.replace(first, '');
    return rest.length <= 1 || last.startsWith(rest) || (rest.length >= 4 && rest.slice(0, 3) === last.slice(0, 3));
  }
  return false;
}

/** Whether text is nothing, initials, a beginning, or a short form of the given names. */
function isFromGiven(text: string, given: readonly string[]): boolean {
  if (text === '' || given.length === 0) return text.length <= 1;
  const first = given[0] as string;
  const initials = given.map((word) => word.charAt(0)).join('');
  return (
    text.length === 1 ||
    first.startsWith(text) ||
    text.startsWith(first) ||
    initials.startsWith(text) ||
    areNicknames(text, first)
  );
}
