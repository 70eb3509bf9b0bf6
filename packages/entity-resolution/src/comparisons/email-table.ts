import type { ArrayHolder } from '../array-holder.ts';
import { registrableDomain } from '../domain.ts';
import { isFreeMail, isRoleMailbox } from '../email.ts';
import type { Rarities, SpaceRarity } from '../frequencies.ts';
import { hashText } from '../hash.ts';
import type { TextPool } from '../text-pool.ts';
import type { WordPool } from '../word-pool.ts';
import { PackedRows, Prices } from './packed-rows.ts';
import { PooledTable } from './pooled-table.ts';
import type { TableParts } from './value-table.ts';

/** Columns of a packed address: mailbox name and domain as words (-1 where there is none), hashes of letters and digits, and marks. */
const local = 0;
const domain = 1;
/** Letters and digits of the mailbox name apart. */
const letters = 2;
const digits = 3;
const marks = 4;
const width = 8;

const roleMark = 1;
/** The mailbox can be read off the person's name, so that likeness of mailboxes adds nothing to likeness of names. */
const fromNameMark = 2;
/** An employer's domain, not a public provider's. */
const corporateMark = 4;
/** There is a mailbox before an at sign. */
const addressMark = 8;

/** Places in `spaces` and in the rarities of an address. */
const wholeSpace = 0;
const mailboxSpace = 1;
const domainSpace = 2;

export class EmailTable extends PooledTable {
  readonly spaces = ['email', 'mailbox', 'domain'];
  readonly #packed: PackedRows;
  /** Rarities of the whole address, of the mailbox name and of the domain. */
  readonly #prices: Prices;
  /** Hashes of the whole addresses. */
  readonly #wholes: Prices;
  readonly #words: WordPool;
  #rarity: readonly SpaceRarity[] = [];
  readonly #personal: boolean;

  /** `personal` says that the records are people, whom a shared `info@` mailbox does not tell apart. */
  constructor(parts: TableParts, personal: boolean) {
    super(parts);
    const { words, rarities, expected } = parts;
    this.#packed = new PackedRows(width, expected);
    this.#prices = new Prices(3, expected);
    this.#wholes = new Prices(1, expected);
    this.#personal = personal;
    this.#words = words;
    this.#take(rarities);
  }

  get holders(): readonly ArrayHolder[] {
    return [this.#packed, this.#prices, this.#wholes, ...this.values.holders];
  }

  protected override enter(id: number, value: string): void {
    const fromName = value.endsWith('|n');
    const text = fromName ? value.slice(0, -2) : value;
    const at = text.lastIndexOf('@');
    const mailbox = at > 0 ? text.slice(0, at) : text;
    const host = at > 0 ? text.slice(at + 1) : '';
    const owner = registrableDomain(host);
    const words = this.#words;
    const apart = lettersAndDigits(mailbox);
    this.#packed.push([
      words.intern(mailbox),
      host === '' ? -1 : words.intern(owner),
      apart.letters,
      apart.digits,
      (isRoleMailbox(mailbox) ? roleMark : 0) |
        (fromName ? fromNameMark : 0) |
        (host !== '' && !isFreeMail(owner) ? corporateMark : 0) |
        (at > 0 ? addressMark : 0),
    ]);
    const place = this.#wholes.at(id);
    this.#wholes.data[place] = hashText(text);
    if (this.isPriced) this.#price(id);
    else this.#prices.at(id);
  }

  reprice(rarities: Rarities): void {
    this.isPriced = true;
    this.#take(rarities);
    for (let id = 0; id < this.#packed.rows; id += 1) this.#price(id);
  }

  #take(rarities: Rarities): void {
    this.#rarity = this.spaces.map((space) => rarities.in(space));
  }

  #price(id: number): void {
    const { data } = this.#packed;
    const words = this.#words;
    const [ofWhole, ofMailbox, ofDomain] = this.#rarity as [SpaceRarity, SpaceRarity, SpaceRarity];
    const owner = data[id * width + domain] as number;
    const at = this.#prices.at(id);
    this.#prices.data[at + wholeSpace] = ofWhole(this.#wholes.data[id] as number);
    this.#prices.data[at + mailboxSpace] = ofMailbox(words.hashOf(data[id * width + local] as number));
    this.#prices.data[at + domainSpace] = owner < 0 ? 0 : ofDomain(words.hashOf(owner));
  }

  /** The addresses as they were given. */
  get texts(): TextPool {
    return this.values;
  }

  mailboxOf(id: number): number {
    return this.#packed.data[id * width + local] as number;
  }

  isRole(id: number): boolean {
    return ((this.#packed.data[id * width + marks] as number) & roleMark) !== 0;
  }

  /** There is a mailbox before an at sign. */
  isAddress(id: number): boolean {
    return ((this.#packed.data[id * width + marks] as number) & addressMark) !== 0;
  }

  /** How many characters of the text are the address. */
  addressEnd(id: number): number {
    const size = this.values.sizeOf(id);
    return ((this.#packed.data[id * width + marks] as number) & fromNameMark) === 0 ? size : size - 2;
  }

  eachTerm(id: number, tell: (space: number, hash: number) => void): void {
    const { data } = this.#packed;
    const words = this.#words;
    const at = id * width;
    tell(wholeSpace, this.#wholes.data[id] as number);
    if (((data[at + marks] as number) & addressMark) === 0) return;
    tell(mailboxSpace, words.hashOf(data[at + local] as number));
    // An address may end in its at sign, and its domain is then the empty text.
    const owner = data[at + domain] as number;
    tell(domainSpace, owner < 0 ? hashText('') : words.hashOf(owner));
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
    if (this.#wholes.data[left] === this.#wholes.data[right] && !(role && this.#personal)) {
      this.rarities[0] = this.#prices.data[left * 3 + wholeSpace] as number;
      // An employer gives an address once; one that is made of a name at a public provider may be written down for whoever has that name.
      const isOfAnyNamesake =
        (both & fromNameMark) !== 0 && (both & corporateMark) === 0 && (data[a + digits] as number) < 0;
      return isOfAnyNamesake ? 1 : 0;
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
      if (this.#domainsNear(domainA, domainB)) return 2;
      // A domain that is badly written is no other one.
      if (fromNames) return words.jaroWinkler(domainA, domainB, 0.8) >= 0.8 ? -1 : this.#other(left, right);
      this.rarities[0] = Math.min(
        this.#prices.data[left * 3 + mailboxSpace] as number,
        this.#prices.data[right * 3 + mailboxSpace] as number,
      );
      return 3;
    }
    // smith1@ and smith2@ are two people: where only the digits differ, likeness of the mailboxes says nothing.
    const numbered = data[a + letters] === data[b + letters] && data[a + digits] !== data[b + digits];
    if (shorter >= 4 && !numbered) {
      if (fromNames) {
        if (words.edits(x, y, 1) <= 1 && !words.differAtEnds(x, y) && this.#domainsNear(domainA, domainB)) return 2;
      } else {
        const close = words.edits(x, y, 2) <= (shorter >= 8 ? 2 : 1);
        if (close && this.#domainsNear(domainA, domainB)) return 2;
        if (words.jaroWinkler(x, y, 0.9) >= 0.9) return 4;
      }
    }
    if (company) return this.#company(left);
    return this.#other(left, right);
  }

  /**
   * Of two other addresses. Most people have one of their own and one of their employer, which says nothing of them; two of a sort tell people
   * apart.
   */
  #other(left: number, right: number): number {
    const { data } = this.#packed;
    const a = data[left * width + marks] as number;
    const b = data[right * width + marks] as number;
    return (a & b & addressMark) !== 0 && ((a ^ b) & corporateMark) !== 0 ? -1 : 6;
  }

  #domainsNear(x: number, y: number): boolean {
    return x === y || x < 0 || y < 0 || this.#words.jaroWinkler(x, y, 0.93) >= 0.93;
  }

  #company(id: number): number {
    this.rarities[0] = this.#prices.data[id * 3 + domainSpace] as number;
    return 5;
  }
}

/** The letters of a mailbox name and its digits, in their order, each as a hash of 31 bits; -1 where there are none. */
function lettersAndDigits(mailbox: string): { readonly letters: number; readonly digits: number } {
  let letters = -1;
  let digits = -1;
  for (let at = 0; at < mailbox.length; at += 1) {
    const code = mailbox.charCodeAt(at);
    if (code >= 97 && code <= 122) letters = mixed(letters, code);
    else if (code >= 48 && code <= 57) digits = mixed(digits, code);
  }
  return { letters, digits };
}

/** Not negative. */
function mixed(hash: number, code: number): number {
  const next = Math.imul(hash ^ code, 0x85ebca6b) + 0x9e3779b9;
  return (next ^ (next >>> 15)) & 0x7fffffff;
}
