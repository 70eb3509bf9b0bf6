import { freeMailDomains, roleMailboxes } from './data/mail-domains.ts';
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
  const text = cleanText(raw)
    .replace(/^mailto:/, '')
    .replace(/^.*<([^<>]+)>.*$/, '$1')
    .replace(/\s+/g, '')
    .replace(/[.,;:]+$/, '');
  if (isMissing(text)) return null;
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

export function isFreeMail(domain: string): boolean {
  return freeMailDomains.has(domain);
}

/** True when a mailbox belongs to a function (`info@`), so that sharing it is no sign of being one person. */
export function isRoleMailbox(local: string): boolean {
  return roleMailboxes.has(local.replace(/[0-9]+$/, '').replace(/[._]/g, '')) || roleMailboxes.has(local);
}

/**
 * True when the mailbox name can be read off the person's name (`john.smith`, `jsmith`, `smithj`, also with a number behind): then it says
 * nothing that the name has not said already.
 */
export function isExplainedByName(local: string, given: readonly string[], family: readonly string[]): boolean {
  const letters = local.replace(/[^a-z]/g, '');
  const first = given[0] ?? '';
  const last = family.join('');
  if (letters.length < 3) return false;
  if (last !== '' && first !== '') {
    const initial = first.charAt(0);
    if (letters === first + last || letters === last + first) return true;
    if (letters === initial + last || letters === last + initial) return true;
    if (letters === first + last.charAt(0)) return true;
    const middle = given[1]?.charAt(0) ?? '';
    if (middle !== '' && (letters === first + middle + last || letters === initial + middle + last)) return true;
  }
  return (letters === first || letters === last) && letters.length >= 3;
}
