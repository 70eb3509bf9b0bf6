import { registrableDomain } from '../domain.ts';
import { isFreeMail, isRoleMailbox } from '../email.ts';
import type { Rarities } from '../frequencies.ts';
import type { WordPool } from '../word-pool.ts';
import { PackedRows } from './packed-rows.ts';
import type { ValueTable } from './value-table.ts';

/** Columns of a packed address: interned parts (-1 where there is none) and marks. */
const whole = 0;
const local = 1;
const domain = 2;
/** Letters and digits of the mailbox name apart. */
const letters = 3;
const digits = 4;
const marks = 5;
const width = 8;

const roleMark = 1;
/** The mailbox can be read off the person's name, so that likeness of mailboxes adds nothing to likeness of names. */
const fromNameMark = 2;
/** An employer's domain, not a public provider's. */
const corporateMark = 4;

export class EmailTable implements ValueTable {
  readonly levels = new Int8Array(1);
  readonly rarities = new Float64Array(1);
  readonly #packed = new PackedRows(width);
  /** Rarities of the whole address, of the mailbox name and of the domain, three an address. */
  readonly #priced: number[] = [];
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
    return this.#packed.rows;
  }

  intern(value: string): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const fromName = value.endsWith('|n');
    const text = fromName ? value.slice(0, -2) : value;
    const at = text.lastIndexOf('@');
    const mailbox = at > 0 ? text.slice(0, at) : text;
    const host = at > 0 ? text.slice(at + 1) : '';
    const owner = registrableDomain(host);
    const words = this.#words;
    const id = this.#packed.push([
      words.intern(text),
      words.intern(mailbox),
      host === '' ? -1 : words.intern(owner),
      this.#part(mailbox, /[^a-z]+/g),
      this.#part(mailbox, /[^0-9]+/g),
      (isRoleMailbox(mailbox) ? roleMark : 0) |
        (fromName ? fromNameMark : 0) |
        (host !== '' && !isFreeMail(owner) ? corporateMark : 0),
    ]);
    this.#ids.set(value, id);
    this.#price(id);
    return id;
  }

  reprice(rarities: Rarities): void {
    this.#rarities = rarities;
    for (let id = 0; id < this.#packed.rows; id += 1) this.#price(id);
  }

  #price(id: number): void {
    const { data } = this.#packed;
    const { texts } = this.#words;
    const owner = data[id * width + domain] as number;
    this.#priced[id * 3] = this.#rarities.of('email', texts[data[id * width + whole] as number] as string);
    this.#priced[id * 3 + 1] = this.#rarities.of('mailbox', texts[data[id * width + local] as number] as string);
    this.#priced[id * 3 + 2] = owner < 0 ? 0 : this.#rarities.of('domain', texts[owner] as string);
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
    this.rarities[0] = 0;
    this.levels[0] = this.#level(left, right);
  }

  #level(left: number, right: number): number {
    const { data } = this.#packed;
    const a = left * width;
    const b = right * width;
    const both = (data[a + marks] as number) & (data[b + marks] as number);
    const role = (((data[a + marks] as number) | (data[b + marks] as number)) & roleMark) !== 0;
    if (data[a + whole] === data[b + whole] && !(role && this.#personal)) {
      this.rarities[0] = this.#priced[left * 3] as number;
      return 0;
    }
    const domainA = data[a + domain] as number;
    const domainB = data[b + domain] as number;
    const sameDomain = domainA === domainB && domainA >= 0;
    const company = sameDomain && (both & corporateMark) !== 0;
    if (role) return company ? this.#company(left) : -1;
    const words = this.#words;
    const x = data[a + local] as number;
    const y = data[b + local] as number;
    const shorter = Math.min(words.lengthOf(x), words.lengthOf(y));
    const fromNames = (both & fromNameMark) !== 0;
    if (x === y) {
      if (shorter < 3) return -1;
      if (this.#domainsNear(domainA, domainB)) return 1;
      if (fromNames) return -1;
      this.rarities[0] = Math.min(this.#priced[left * 3 + 1] as number, this.#priced[right * 3 + 1] as number);
      return 2;
    }
    // smith1@ and smith2@ are two people: where only the digits differ, likeness of the mailboxes says nothing.
    const numbered = data[a + letters] === data[b + letters] && data[a + digits] !== data[b + digits];
    if (shorter >= 4 && !numbered) {
      if (fromNames) {
        if (words.edits(x, y, 1) <= 1 && !words.differAtEnds(x, y) && this.#domainsNear(domainA, domainB)) return 1;
      } else {
        const close = words.edits(x, y, 2) <= (shorter >= 8 ? 2 : 1);
        if (close && this.#domainsNear(domainA, domainB)) return 1;
        if (words.jaroWinkler(x, y, 0.9) >= 0.9) return 3;
      }
    }
    if (company) return this.#company(left);
    return fromNames && !sameDomain ? -1 : 5;
  }

  #domainsNear(x: number, y: number): boolean {
    return x === y || x < 0 || y < 0 || this.#words.jaroWinkler(x, y, 0.93) >= 0.93;
  }

  #company(id: number): number {
    this.rarities[0] = this.#priced[id * 3 + 2] as number;
    return 4;
  }
}
