import { registrableDomain } from '../domain.ts';
import { isFreeMail, isRoleMailbox } from '../email.ts';
import type { Rarities } from '../frequencies.ts';
import type { WordPool } from '../word-pool.ts';
import type { ValueTable } from './value-table.ts';

interface PreparedEmail {
  readonly whole: number;
  readonly local: number;
  readonly domain: number;
  /** Letters and digits of the mailbox name apart; -1 where it has none. */
  readonly letters: number;
  readonly digits: number;
  readonly role: boolean;
  /** The mailbox can be read off the person's name, so that likeness of mailboxes adds nothing to likeness of names. */
  readonly fromName: boolean;
  /** An employer's domain, not a public provider's. */
  readonly corporate: boolean;
  rarity: number;
  localRarity: number;
  domainRarity: number;
}

export class EmailTable implements ValueTable {
  readonly levels = new Int8Array(1);
  readonly rarities = new Float64Array(1);
  readonly #emails: PreparedEmail[] = [];
  readonly #ids = new Map<string, number>();
  readonly #words: WordPool;
  #rarities: Rarities;
  readonly #personal: boolean;

  /** `personal` says that the records are people, whom a shared `info@` mailbox does not tell apart. */
  constructor(words: WordPool, rarities: Rarities, personal: boolean) {
    this.#personal = personal;
    this.#words = words;
    this.#rarities = rarities;
  }

  get size(): number {
    return this.#emails.length;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const fromName = value.endsWith('|n');
    const whole = fromName ? value.slice(0, -2) : value;
    const at = whole.lastIndexOf('@');
    const local = at > 0 ? whole.slice(0, at) : whole;
    const host = at > 0 ? whole.slice(at + 1) : '';
    const domain = registrableDomain(host);
    const id = this.#emails.length;
    this.#emails.push({
      whole: this.#words.intern(whole),
      local: this.#words.intern(local),
      domain: host === '' ? -1 : this.#words.intern(domain),
      letters: this.#part(local, /[^a-z]+/g),
      digits: this.#part(local, /[^0-9]+/g),
      role: isRoleMailbox(local),
      fromName,
      corporate: host !== '' && !isFreeMail(domain),
      rarity: this.#rarities.of('email', whole),
      localRarity: this.#rarities.of('mailbox', local),
      domainRarity: host === '' ? 0 : this.#rarities.of('domain', domain),
    });
    this.#ids.set(value, id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.#rarities = rarities;
    const { texts } = this.#words;
    for (const email of this.#emails) {
      email.rarity = rarities.of('email', texts[email.whole] as string);
      email.localRarity = rarities.of('mailbox', texts[email.local] as string);
      email.domainRarity = email.domain < 0 ? 0 : rarities.of('domain', texts[email.domain] as string);
    }
  }

  #part(local: string, others: RegExp): number {
    const part = local.replace(others, '');
    return part === '' ? -1 : this.#words.intern(part);
  }

  terms(value: string): (readonly [string, string])[] {
    const whole = value.replace(/\|n$/, '');
    const at = whole.lastIndexOf('@');
    if (at <= 0) return [['email', whole]];
    return [
      ['email', whole],
      ['mailbox', whole.slice(0, at)],
      ['domain', registrableDomain(whole.slice(at + 1))],
    ];
  }

  compare(left: number, right: number): void {
    const a = this.#emails[left] as PreparedEmail;
    const b = this.#emails[right] as PreparedEmail;
    this.rarities[0] = 0;
    this.levels[0] = this.#level(a, b);
  }

  #level(a: PreparedEmail, b: PreparedEmail): number {
    const words = this.#words;
    if (a.whole === b.whole && !(a.role && this.#personal)) {
      this.rarities[0] = a.rarity;
      return 0;
    }
    if (a.role || b.role) {
      if (a.domain === b.domain && a.corporate) {
        this.rarities[0] = a.domainRarity;
        return 4;
      }
      return -1;
    }
    const sameDomain = a.domain === b.domain && a.domain >= 0;
    const domainNear =
      sameDomain || a.domain < 0 || b.domain < 0 || words.jaroWinkler(a.domain, b.domain, 0.93) >= 0.93;
    const shorter = Math.min(words.lengthOf(a.local), words.lengthOf(b.local));
    const fromNames = a.fromName && b.fromName;
    if (a.local === b.local) {
      if (shorter < 3) return -1;
      if (domainNear) return 1;
      if (fromNames) return -1;
      this.rarities[0] = Math.min(a.localRarity, b.localRarity);
      return 2;
    }
    const company = sameDomain && a.corporate;
    // smith1@ and smith2@ are two people: where only the digits differ, likeness of the mailboxes says nothing.
    const numbered = a.letters === b.letters && a.digits >= 0 && b.digits >= 0;
    if (shorter >= 4 && !fromNames && !numbered) {
      if (domainNear && words.edits(a.local, b.local, 2) <= (shorter >= 8 ? 2 : 1)) return 1;
      if (words.jaroWinkler(a.local, b.local, 0.9) >= 0.9) return domainNear ? 1 : 3;
    } else if (fromNames && !numbered && shorter >= 4 && words.edits(a.local, b.local, 1) <= 1 && domainNear) {
      return 1;
    }
    if (company) return this.#company(a);
    return fromNames && !sameDomain ? -1 : 5;
  }

  #company(email: PreparedEmail): number {
    this.rarities[0] = email.domainRarity;
    return 4;
  }
}
