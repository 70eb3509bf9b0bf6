import type { AddressTable } from './comparisons/address-table.ts';
import type { CodeTable } from './comparisons/code-tables.ts';
import type { EmailTable } from './comparisons/email-table.ts';
import type { LinkTable } from './comparisons/link-table.ts';
import type { NameTable } from './comparisons/name-table.ts';
import type { OrganisationTable } from './comparisons/token-tables.ts';
import type { ValueTable } from './comparisons/value-table.ts';
import type { Rarities, SpaceRarity } from './frequencies.ts';
import { anyJoint, type JointKind, type KeyTrail, nameJoint, otherJoint } from './key-trail.ts';
import { type KeyStart, KeyWriter } from './key-writer.ts';
import { readOrganisation } from './organisation-name.ts';
import { soundKey, soundOf } from './person-name.ts';
import type { Plan, SlotKind } from './plan.ts';
import type { RecordStore } from './record-store.ts';
import { TextPool } from './text-pool.ts';
import type { WordPool } from './word-pool.ts';

interface SlotOf<T> {
  readonly slot: number;
  readonly table: T;
}

const all = Number.POSITIVE_INFINITY;
const none = -1;
const notAsked = -2;
/** So many characters of a postal code count. */
const placeLength = 4;

/** Words that the row at hand has, by number. */
interface RowNames {
  readonly tables: NameTable[];
  readonly ids: number[];
}

/**
 * Writes the blocking keys of the rows of a store: the very hashes, in the very order, that a Blocker writes of their values, but from the
 * words that the values were taken apart into already, without making a text of anything. Every row of a table gets its keys, and they were the
 * longest step of training while they were made of texts.
 */
export class RowKeys {
  readonly #store: RecordStore;
  readonly #words: WordPool;
  readonly #writer: KeyWriter;
  /** Sounds of words, and other short texts. */
  readonly #sounds = new TextPool();
  /** 1 + sound by word, 0 where it was not asked for yet. */
  readonly #soundOf: Int32Array;
  readonly #numberTexts: number[] = [];
  /** By place among the slots of organisations and by value: its first rare word, -2 where it was not asked for yet. */
  readonly #rarest: readonly Int32Array[];
  readonly #rarity: SpaceRarity;
  readonly #starts = new Map<string, KeyStart>();

  readonly #nameSlots: readonly SlotOf<NameTable>[];
  readonly #organisations: readonly SlotOf<OrganisationTable>[];
  readonly #addresses: readonly SlotOf<AddressTable>[];
  readonly #emails: readonly SlotOf<EmailTable>[];
  readonly #phones: readonly SlotOf<CodeTable>[];
  readonly #domains: readonly SlotOf<CodeTable>[];
  readonly #dates: readonly SlotOf<CodeTable>[];
  readonly #texts: readonly SlotOf<ValueTable>[];
  readonly #links: readonly SlotOf<LinkTable>[];
  readonly #identifiers: readonly (SlotOf<CodeTable> & { readonly start: KeyStart })[];

  /** Of the row at hand: its names, its places (words of postal codes, or sounds of cities), and the rarest word of each employer. */
  readonly #names: RowNames = { tables: [], ids: [] };
  readonly #placePools: TextPool[] = [];
  readonly #places: number[] = [];
  readonly #rareWords: number[] = [];

  constructor(
    plan: Plan,
    store: RecordStore,
    options: {
      readonly rarities: Rarities;
      readonly stopKeys: readonly number[];
      readonly trail?: KeyTrail | undefined;
    },
  ) {
    const { rarities, stopKeys, trail } = options;
    this.#store = store;
    this.#words = store.words;
    this.#writer = new KeyWriter(stopKeys, trail);
    this.#soundOf = new Int32Array(store.words.size);
    this.#rarity = rarities.in('token');
    const of = <T extends ValueTable>(kind: SlotKind): SlotOf<T>[] =>
      plan.slots.flatMap((each, slot) => (each.kind === kind ? [{ slot, table: store.tableOf(slot) as T }] : []));
    this.#nameSlots = of('personName');
    this.#organisations = of('organisation');
    this.#addresses = of('address');
    this.#emails = of('email');
    this.#phones = of('phone');
    this.#domains = of('domain');
    this.#dates = of('date');
    this.#texts = of('freeText');
    this.#links = of('link');
    this.#identifiers = of<CodeTable>('identifier').map(({ slot, table }) => ({
      slot,
      table,
      start: this.#writer.start('i', `i${plan.slots[slot]?.name}:`),
    }));
    this.#rarest = this.#organisations.map(({ table }) => new Int32Array(table.size).fill(notAsked));
  }

  /** The hashes of the keys of a row; the array is written over by the next call. */
  of(row: number): Float64Array {
    const store = this.#store;
    this.#writer.beginRow();
    const isNamed = this.#readNames(row);
    // A person's record is found by its name and what stands beside it; what colleagues or a household share would only find those.
    const others = isNamed ? nameJoint : anyJoint;
    this.#readPlaces(row);
    this.#writeCodes(row, others);
    for (const { slot, table } of this.#dates)
      for (let at = 0; at < store.countOf(row, slot); at += 1)
        this.#writeDate(table.codeOf(store.valueAt(row, slot, at)));
    this.#writeMailboxes(row, others);
    this.#rareWords.length = 0;
    for (let place = 0; place < this.#organisations.length; place += 1) {
      const { slot } = this.#organisations[place] as SlotOf<OrganisationTable>;
      for (let at = 0; at < store.countOf(row, slot); at += 1)
        this.#rareWords.push(this.#rarestWord(place, store.valueAt(row, slot, at)));
    }
    for (let at = 0; at < this.#names.ids.length; at += 1) this.#writeName(at, isNamed);
    const hasOrganisation = this.#writeOrganisations(row, isNamed);
    this.#writeAddresses(row, others);
    for (let place = 0; place < this.#places.length; place += 1)
      this.#writer.joint(otherJoint, 'z', {
        pool: this.#placePools[place] as TextPool,
        id: this.#places[place] as number,
        to: this.#placeEnd(place),
      });
    if (this.#names.ids.length === 0 && !hasOrganisation) this.#writeTexts(row);
    return this.#writer.endRow();
  }

  #start(mark: string): KeyStart {
    let start = this.#starts.get(mark);
    if (start === undefined) {
      start = this.#writer.start(mark);
      this.#starts.set(mark, start);
    }
    return start;
  }

  /** The sound of a word as a number in the pool of sounds. */
  #sound(word: number): number {
    const known = this.#soundOf[word] as number;
    if (known > 0) return known - 1;
    const sound = this.#sounds.intern(soundKey(this.#words.textOf(word)));
    this.#soundOf[word] = sound + 1;
    return sound;
  }

  /** The digits of a number in the pool of sounds. */
  #numberText(number: number): number {
    let text = this.#numberTexts[number];
    if (text === undefined) {
      text = this.#sounds.intern(String(number));
      this.#numberTexts[number] = text;
    }
    return text;
  }

  /** Whether one of the names has a family name. */
  #readNames(row: number): boolean {
    const store = this.#store;
    const { tables, ids } = this.#names;
    tables.length = 0;
    ids.length = 0;
    let isNamed = false;
    for (const { slot, table } of this.#nameSlots)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const id = store.valueAt(row, slot, at);
        tables.push(table);
        ids.push(id);
        isNamed ||= table.wholeFamily(id) >= 0;
      }
    return isNamed;
  }

  #readPlaces(row: number): void {
    const store = this.#store;
    this.#places.length = 0;
    this.#placePools.length = 0;
    for (const { slot, table } of this.#addresses)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const id = store.valueAt(row, slot, at);
        const code = table.postcodeOf(id);
        if (code >= 0) {
          this.#placePools.push(this.#words);
          this.#places.push(code);
        }
        const city = table.cityOf(id);
        if (city < 0) continue;
        this.#placePools.push(this.#sounds);
        this.#places.push(this.#sound(city));
      }
  }

  #placeEnd(place: number): number {
    return this.#placePools[place] === this.#words ? placeLength : all;
  }

  /** Keys of identifiers, links, e-mail addresses, phone numbers and domains. */
  #writeCodes(row: number, others: JointKind): void {
    const store = this.#store;
    const words = this.#words;
    const writer = this.#writer;
    for (const { slot, table, start } of this.#identifiers)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const code = table.codeOf(store.valueAt(row, slot, at));
        if (words.sizeOf(code) >= 3) this.#writeWord(others, start, code);
      }
    for (const { slot, table } of this.#links)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        writer.begin(this.#start('ln'));
        // The mark of the value is none of its id.
        writer.addPart(table.texts, store.valueAt(row, slot, at), 1, all);
        writer.end(others);
      }
    for (const { slot, table } of this.#emails)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const id = store.valueAt(row, slot, at);
        const end = table.addressEnd(id);
        writer.begin(this.#start('e'));
        writer.addPart(table.texts, id, 0, end);
        writer.end(others);
        const mailbox = words.sizeOf(table.mailboxOf(id));
        if (mailbox >= 4 && table.isAddress(id) && !table.isRole(id))
          writer.joint(otherJoint, 'm', { pool: table.texts, id, from: mailbox + 1, to: end });
      }
    for (const { slot, table } of this.#phones)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const digits = table.codeOf(store.valueAt(row, slot, at));
        const count = words.sizeOf(digits);
        writer.begin(this.#start('p'));
        writer.addPart(words, digits, Math.max(0, count - 7), count);
        writer.end(others);
        writer.joint(otherJoint, 'p', { pool: words, id: digits, from: Math.max(0, count - 4) });
      }
    for (const { slot, table } of this.#domains)
      for (let at = 0; at < store.countOf(row, slot); at += 1)
        this.#writeWord(others, this.#start('w'), table.codeOf(store.valueAt(row, slot, at)));
  }

  #writeWord(joints: JointKind, start: KeyStart, word: number): void {
    const writer = this.#writer;
    writer.begin(start);
    writer.add(this.#words, word);
    writer.end(joints);
  }

  #writeText(start: KeyStart, text: string): void {
    const writer = this.#writer;
    writer.begin(start);
    writer.addText(text);
    writer.end(anyJoint);
  }

  #writeDate(date: number): void {
    const words = this.#words;
    const writer = this.#writer;
    if (words.textOf(date).slice(4) === '0000') return;
    writer.joint(otherJoint, 'd', { pool: words, id: date, to: 4 });
    writer.joint(otherJoint, 'd', { pool: words, id: date, from: 4 });
    const { tables, ids } = this.#names;
    for (let at = 0; at < ids.length; at += 1) {
      const table = tables[at] as NameTable;
      const given = table.firstGiven(ids[at] as number);
      const family = table.wholeFamily(ids[at] as number);
      if (given >= 0) this.#writeDatePart('dg', date, [0, all, given]);
      if (family >= 0) {
        this.#writeDatePart('df', date, [0, all, family]);
        this.#writeDatePart('dy', date, [0, 4, none], this.#sound(family));
      }
      if (given >= 0) {
        this.#writeDatePart('dx', date, [0, 4, none], this.#sound(given));
        this.#writeDatePart('dm', date, [4, all, none], this.#sound(given));
      }
    }
    if (ids.length === 0) this.#writeWord(anyJoint, this.#start('d'), date);
  }

  /** A part of a date, and the initial of a word or a sound. */
  #writeDatePart(
    mark: string,
    date: number,
    [from, to, word]: readonly [number, number, number],
    sound: number = none,
  ): void {
    const writer = this.#writer;
    writer.begin(this.#start(mark));
    writer.addPart(this.#words, date, from, to);
    if (word >= 0) writer.addSecond(this.#words, word, 1);
    else writer.addSecond(this.#sounds, sound);
    writer.end(otherJoint);
  }

  #writeMailboxes(row: number, others: JointKind): void {
    const store = this.#store;
    const words = this.#words;
    const writer = this.#writer;
    for (const { slot, table } of this.#emails)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const id = store.valueAt(row, slot, at);
        const mailbox = table.mailboxOf(id);
        if (words.sizeOf(mailbox) < 4 || table.isRole(id)) continue;
        this.#writeWord(others, this.#start('l'), mailbox);
        writer.begin(this.#start('lp'));
        writer.addPart(words, mailbox, 0, 6);
        writer.end(others);
      }
  }

  #writeName(at: number, isNamed: boolean): void {
    const table = this.#names.tables[at] as NameTable;
    const id = this.#names.ids[at] as number;
    const words = this.#words;
    const sounds = this.#sounds;
    const writer = this.#writer;
    const given = table.firstGiven(id);
    const family = table.wholeFamily(id);
    const givenSound = given < 0 ? none : this.#sound(given);
    const familySound = family < 0 ? none : this.#sound(family);
    if (given >= 0 && family >= 0) {
      const givenFirst = words.precedes(given, family);
      writer.begin(this.#start('n'));
      writer.add(words, givenFirst ? given : family);
      writer.addSecond(words, givenFirst ? family : given);
      writer.end(otherJoint);
      for (const group of table.nicknameGroups(id)) this.#writeSounds('k', this.#numberText(group), familySound);
      this.#writeSoundAndInitial('s', familySound, given);
      this.#writeSoundAndInitial('g', givenSound, family);
      this.#writeSounds('h', givenSound, familySound);
      for (const word of table.familyWords(id)) this.#writeSoundAndInitial('s', this.#sound(word), given);
    }
    if (family >= 0) {
      writer.joint(nameJoint, 'f', { pool: sounds, id: familySound });
      this.#writePlaces('z', familySound);
      for (const word of this.#rareWords) this.#writeWordAndSound('y', word, familySound);
    }
    if (given >= 0) {
      const group = table.nicknameGroups(id)[0];
      if (group === undefined) writer.joint(nameJoint, 'g', { pool: words, id: given });
      else writer.joint(nameJoint, 'g', { pool: sounds, id: this.#numberText(group) });
      this.#writePlaces('x', givenSound);
      if (isNamed) for (const word of this.#rareWords) this.#writeWordAndSound('q', word, givenSound);
    }
  }

  #writeSounds(mark: string, first: number, second: number, joints: JointKind = otherJoint): void {
    const writer = this.#writer;
    writer.begin(this.#start(mark));
    writer.add(this.#sounds, first);
    writer.addSecond(this.#sounds, second);
    writer.end(joints);
  }

  #writeSoundAndInitial(mark: string, sound: number, word: number): void {
    const writer = this.#writer;
    writer.begin(this.#start(mark));
    writer.add(this.#sounds, sound);
    writer.addSecond(this.#words, word, 1);
    writer.end(otherJoint);
  }

  #writeWordAndSound(mark: string, word: number, sound: number, joints: JointKind = otherJoint): void {
    const writer = this.#writer;
    writer.begin(this.#start(mark));
    writer.add(this.#words, word);
    writer.addSecond(this.#sounds, sound);
    writer.end(joints);
  }

  #writePlaces(mark: string, sound: number): void {
    const writer = this.#writer;
    for (let place = 0; place < this.#places.length; place += 1) {
      writer.begin(this.#start(mark));
      writer.addPart(this.#placePools[place] as TextPool, this.#places[place] as number, 0, this.#placeEnd(place));
      writer.addSecond(this.#sounds, sound);
      writer.end(otherJoint);
    }
  }

  /** Whether there are any. */
  #writeOrganisations(row: number, isNamed: boolean): boolean {
    const store = this.#store;
    let hasOrganisation = false;
    for (const { slot, table } of this.#organisations)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const id = store.valueAt(row, slot, at);
        hasOrganisation = true;
        this.#writer.joint(otherJoint, 'o', {
          pool: this.#sounds,
          id: this.#sound(table.wordsOf(id)[0] as number),
        });
        if (!isNamed) this.#writeOrganisation(table, id);
      }
    return hasOrganisation;
  }

  #writeOrganisation(table: OrganisationTable, id: number): void {
    const { words } = readOrganisation(table.textOf(id));
    const whole = words.join('');
    this.#writeText(this.#start('o'), [...words].sort().join(''));
    if (whole.length >= 6) this.#writeText(this.#start('c'), whole.slice(0, 8));
    for (const word of this.#byRarity(table.wordsOf(id)).slice(0, 3)) this.#writeWord(anyJoint, this.#start('t'), word);
    this.#writeText(this.#start('u'), words.slice(0, 2).map(soundOf).join(''));
  }

  #rarestWord(place: number, id: number): number {
    const known = this.#rarest[place] as Int32Array;
    if (known[id] === notAsked)
      known[id] = this.#byRarity(
        (this.#organisations[place] as SlotOf<OrganisationTable>).table.wordsOf(id),
      )[0] as number;
    return known[id] as number;
  }

  #byRarity(ids: Int32Array): readonly number[] {
    if (ids.length === 1) return [ids[0] as number];
    const words = this.#words;
    return Array.from(ids, (word) => ({ word, rarity: this.#rarity(words.hashOf(word)) }))
      .sort((a, b) => b.rarity - a.rarity || (words.precedes(a.word, b.word) ? -1 : 1))
      .map(({ word }) => word);
  }

  #writeAddresses(row: number, others: JointKind): void {
    const store = this.#store;
    const words = this.#words;
    const writer = this.#writer;
    for (const { slot, table } of this.#addresses)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const id = store.valueAt(row, slot, at);
        const street = table.longestStreetWord(id);
        const house = table.houseOf(id);
        const code = table.postcodeOf(id);
        const city = table.cityOf(id);
        if (house >= 0 && street >= 0) this.#writeWordAndSound('a', house, this.#sound(street), others);
        if (house >= 0 && code >= 0) {
          writer.begin(this.#start('b'));
          writer.add(words, house);
          writer.addSecond(words, code);
          writer.end(others);
        }
        if (street >= 0 && house < 0 && city >= 0)
          this.#writeSounds('a', this.#sound(street), this.#sound(city), others);
      }
  }

  #writeTexts(row: number): void {
    const store = this.#store;
    for (const { slot, table } of this.#texts)
      for (let at = 0; at < store.countOf(row, slot); at += 1) {
        const long = table
          .textOf(store.valueAt(row, slot, at))
          .split(' ')
          .filter((word) => word.length > 3);
        for (const word of long.slice(0, 4)) this.#writeText(this.#start('r'), word);
      }
  }
}
