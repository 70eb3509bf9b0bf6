import { readAddress } from './address.ts';
import { isRoleMailbox } from './email.ts';
import type { Rarities } from './frequencies.ts';
import { TextHasher } from './hash.ts';
import { KeyIds } from './key-ids.ts';
import { hashBound, hashOfKind, joined, keyKindOf } from './key-kind.ts';
import { anyJoint, type JointKind, type KeyTrail, mostJoints, nameJoint, otherJoint, packedKey } from './key-trail.ts';
import { idOfLink } from './links.ts';
import { readOrganisation } from './organisation-name.ts';
import { nicknameGroupsOf, readName, soundOf } from './person-name.ts';
import { phoneDigits } from './phone.ts';
import type { Plan, SlotKind } from './plan.ts';

type Values = readonly (readonly string[])[];

/**
 * Writes the blocking keys of records. Two records are a candidate pair when they share a key, or two where each of them alone is too
 * little; see KeyRule. A key that was too common when the model was trained is joined with further properties of the record instead of
 * standing alone.
 */
export interface Blocker {
  /** Keys in order, the most selective kind first. */
  keys(values: Values): string[];
  /**
   * The same keys as hashes of their kind, in the same order; the array is written over by the next call. A trail is told how each of them was
   * made; it takes keys that are joined with nothing only.
   */
  hashes(values: Values, trail?: KeyTrail): readonly number[];
}

const none: readonly string[] = [];

export function createBlocker(plan: Plan, rarities: Rarities, stopKeys: readonly number[]): Blocker {
  const stopped = new KeyIds();
  for (const hash of stopKeys) stopped.idOf(hash);
  // Models of former versions list hashes of 53 bits, in which the kind of the key does not stand.
  const isFormer = stopKeys.some((hash) => hash >= hashBound);
  const traits = new Traits(plan, rarities);
  const hasher = new TextHasher();
  const found: number[] = [];
  let texts: string[] | null = null;

  const take = (hash: number, text: string): boolean => {
    if (found.includes(hash)) return false;
    found.push(hash);
    texts?.push(text);
    return true;
  };
  const each = (values: Values, trail: KeyTrail | null): void => {
    found.length = 0;
    traits.read(values);
    const { parts, kinds, wanted, joints, jointKinds } = traits;
    for (let key = 0; key < kinds.length; key += 1) {
      const at = key * keyParts;
      const keyKind = kinds[key] as number;
      hasher.begin();
      for (let part = at; part < at + keyParts; part += 1) hasher.add(parts[part] as string);
      const plain = hasher.value();
      const hash = hashOfKind(keyKind, plain);
      const text = texts === null ? '' : parts.slice(at, at + keyParts).join('');
      const kind = wanted[key] as JointKind;
      if (!stopped.has(isFormer ? plain : hash)) {
        if (take(hash, text)) trail?.addKey(hasher.low, hasher.high, packedKey(hasher.length, keyKind, kind));
        continue;
      }
      hasher.add('&');
      hasher.mark();
      let taken = 0;
      for (let joint = 0; joint < joints.length && taken < mostJoints; joint += 1) {
        if (kind !== anyJoint && jointKinds[joint] !== kind) continue;
        taken += 1;
        hasher.back();
        hasher.add(joints[joint] as string);
        const plainBoth = hasher.value();
        const both = hashOfKind(keyKind + joined, plainBoth);
        if (!stopped.has(isFormer ? plainBoth : both)) take(both, texts === null ? '' : `${text}&${joints[joint]}`);
      }
    }
    trail?.endRow(
      joints.map((joint) => trail.texts.intern(joint)),
      jointKinds,
    );
  };
  return {
    keys(values) {
      texts = [];
      each(values, null);
      const written = texts;
      texts = null;
      return written;
    },
    hashes(values, trail) {
      each(values, trail ?? null);
      return found;
    },
  };
}

/** Keys are kept as so many pieces of text. */
const keyParts = 4;

/** The keys and joints of one record at a time. */
class Traits {
  readonly parts: string[] = [];
  /** The kind of each key, and of the joints that it takes. */
  readonly kinds: number[] = [];
  readonly wanted: JointKind[] = [];
  readonly joints: string[] = [];
  readonly jointKinds: JointKind[] = [];
  readonly #plan: Plan;
  readonly #rarities: Rarities;
  readonly #slotsOf = new Map<SlotKind, number[]>();

  constructor(plan: Plan, rarities: Rarities) {
    this.#plan = plan;
    this.#rarities = rarities;
    plan.slots.forEach(({ kind }, index) => {
      this.#slotsOf.set(kind, [...(this.#slotsOf.get(kind) ?? []), index]);
    });
  }

  #of(kind: SlotKind, values: Values): readonly string[] {
    const slots = this.#slotsOf.get(kind);
    if (slots === undefined) return none;
    if (slots.length === 1) return values[slots[0] as number] ?? none;
    return slots.flatMap((slot) => values[slot] ?? none);
  }

  /** A key of what it is about and one or two properties. */
  #key(joints: JointKind, about: string, property: string, second = ''): void {
    this.parts.push(about, property, second === '' ? '' : ':', second);
    this.wanted.push(joints);
    this.kinds.push(kindOfAbout(about));
  }

  #joint(kind: JointKind, text: string): void {
    if (this.joints.includes(text)) return;
    this.joints.push(text);
    this.jointKinds.push(kind);
  }

  read(values: Values): void {
    this.parts.length = 0;
    this.kinds.length = 0;
    this.wanted.length = 0;
    this.joints.length = 0;
    this.jointKinds.length = 0;
    const names = this.#of('personName', values).map(readName);
    // A person's record is found by its name and what stands beside it; what colleagues or a household share would only find those.
    const isNamed = names.some(({ family }) => family.length > 0);
    const others = isNamed ? nameJoint : anyJoint;
    const named = otherJoint;
    const organisations = this.#of('organisation', values).map(readOrganisation);
    const addresses = this.#of('address', values).map(readAddress);
    const emails = this.#of('email', values);
    const phones = this.#of('phone', values);
    const places: string[] = [];
    for (const { postcode, city } of addresses) {
      const code = postcode.slice(0, 4);
      if (code !== '' && !places.includes(code)) places.push(code);
      const sound = city === '' ? '' : soundOf(city);
      if (sound !== '' && !places.includes(sound)) places.push(sound);
    }

    this.#plan.slots.forEach((slot, index) => {
      if (slot.kind !== 'identifier') return;
      for (const value of values[index] ?? none) if (value.length >= 3) this.#key(others, 'i', slot.name, value);
    });
    for (const value of this.#of('link', values)) this.#key(others, 'ln:', idOfLink(value));
    for (const email of emails) {
      const whole = email.endsWith('|n') ? email.slice(0, -2) : email;
      this.#key(others, 'e:', whole);
      const at = whole.lastIndexOf('@');
      const local = at > 0 ? whole.slice(0, at) : whole;
      if (local.length >= 4 && at > 0 && !isRoleMailbox(local)) this.#joint(otherJoint, `m:${whole.slice(at + 1)}`);
    }
    for (const phone of phones) {
      const digits = phoneDigits(phone);
      this.#key(others, 'p:', digits.slice(-7));
      this.#joint(otherJoint, `p:${digits.slice(-4)}`);
    }
    for (const domain of this.#of('domain', values)) this.#key(others, 'w:', domain);
    for (const value of this.#of('date', values)) {
      if (value.slice(4) === '0000') continue;
      const year = value.slice(0, 4);
      const day = value.slice(4);
      this.#joint(otherJoint, `d:${year}`);
      this.#joint(otherJoint, `d:${day}`);
      for (const name of names) {
        const given = name.given[0] ?? '';
        const family = name.family.join('');
        if (given !== '') this.#key(named, 'dg:', value, given.charAt(0));
        if (family !== '') {
          this.#key(named, 'df:', value, family.charAt(0));
          this.#key(named, 'dy:', year, soundOf(family));
        }
        if (given !== '') {
          this.#key(named, 'dx:', year, soundOf(given));
          this.#key(named, 'dm:', day, soundOf(given));
        }
      }
      if (names.length === 0) this.#key(anyJoint, 'd:', value);
    }
    for (const email of emails) {
      const whole = email.endsWith('|n') ? email.slice(0, -2) : email;
      const at = whole.lastIndexOf('@');
      const local = at > 0 ? whole.slice(0, at) : whole;
      if (local.length < 4 || isRoleMailbox(local)) continue;
      this.#key(others, 'l:', local);
      this.#key(others, 'lp:', local.slice(0, 6));
    }
    const rareWords = organisations.map(({ words }) => this.#byRarity(words));
    for (const name of names) {
      const given = name.given[0] ?? '';
      const family = name.family.join('');
      const givenSound = given === '' ? '' : soundOf(given);
      const familySound = family === '' ? '' : soundOf(family);
      if (given !== '' && family !== '') {
        const [first, second] = given < family ? [given, family] : [family, given];
        this.#key(named, 'n:', first, second);
        for (const group of nicknameGroupsOf(given)) this.#key(named, 'k:', String(group), familySound);
        this.#key(named, 's:', familySound, given.charAt(0));
        this.#key(named, 'g:', givenSound, family.charAt(0));
        this.#key(named, 'h:', givenSound, familySound);
        if (name.family.length > 1)
          for (const word of name.family) this.#key(named, 's:', soundOf(word), given.charAt(0));
      }
      if (family !== '') {
        this.#joint(nameJoint, `f:${familySound}`);
        for (const place of places) this.#key(named, 'z:', place, familySound);
        for (const words of rareWords) if (words[0] !== undefined) this.#key(named, 'y:', words[0], familySound);
      }
      if (given !== '') {
        this.#joint(nameJoint, `g:${nicknameGroupsOf(given)[0] ?? given}`);
        for (const place of places) this.#key(named, 'x:', place, givenSound);
        if (isNamed)
          for (const words of rareWords) if (words[0] !== undefined) this.#key(named, 'q:', words[0], givenSound);
      }
    }
    organisations.forEach(({ words }, index) => {
      this.#joint(otherJoint, `o:${soundOf(words[0] ?? '')}`);
      if (isNamed) return;
      const whole = words.join('');
      this.#key(anyJoint, 'o:', [...words].sort().join(''));
      if (whole.length >= 6) this.#key(anyJoint, 'c:', whole.slice(0, 8));
      for (const word of (rareWords[index] ?? none).slice(0, 3)) this.#key(anyJoint, 't:', word);
      this.#key(anyJoint, 'u:', words.slice(0, 2).map(soundOf).join(''));
    });
    for (const address of addresses) {
      const street = longest(address.street);
      if (address.house !== '' && street !== '') this.#key(others, 'a:', address.house, soundOf(street));
      if (address.house !== '' && address.postcode !== '') this.#key(others, 'b:', address.house, address.postcode);
      if (street !== '' && address.house === '' && address.city !== '')
        this.#key(others, 'a:', soundOf(street), soundOf(address.city));
    }
    for (const place of places) this.#joint(otherJoint, `z:${place}`);
    if (names.length > 0 || organisations.length > 0) return;
    for (const text of this.#of('freeText', values)) {
      const words = text.split(' ');
      for (const word of words.filter((item) => item.length > 3).slice(0, 4)) this.#key(anyJoint, 'r:', word);
    }
  }

  #byRarity(words: readonly string[]): readonly string[] {
    if (words.length === 1) return words;
    return [...new Set(words)]
      .map((word) => ({ word, rarity: this.#rarities.of('token', word) }))
      .sort((a, b) => b.rarity - a.rarity || (a.word < b.word ? -1 : 1))
      .map(({ word }) => word);
  }
}

const kindsOfAbouts = new Map<string, number>();

/** The kind by what a key begins with, `e:` for instance. */
function kindOfAbout(about: string): number {
  let kind = kindsOfAbouts.get(about);
  if (kind === undefined) {
    kind = keyKindOf(about.endsWith(':') ? about.slice(0, -1) : about);
    kindsOfAbouts.set(about, kind);
  }
  return kind;
}

function longest(words: readonly string[]): string {
  let best = '';
  for (const word of words) if (word.length > best.length || (word.length === best.length && word < best)) best = word;
  return best;
}
