import { readAddress } from './address.ts';
import { isRoleMailbox } from './email.ts';
import type { Rarities } from './frequencies.ts';
import { hashText } from './hash.ts';
import { readOrganisation } from './organisation-name.ts';
import { nicknameGroupsOf, readName, soundOf } from './person-name.ts';
import { phoneDigits } from './phone.ts';
import type { Plan } from './plan.ts';

/**
 * Writes the blocking keys of records. Two records are a candidate pair when they share a key. A key that was too common when the model was
 * trained is joined with further properties of the record instead of standing alone.
 */
export interface Blocker {
  /** Keys in order, the most selective kind first. */
  keys(values: readonly (readonly string[])[]): string[];
  /** The same keys as hashes, in the same order. */
  hashes(values: readonly (readonly string[])[]): number[];
}

interface Traits {
  readonly keys: string[];
  /** Properties that a key which is too common alone is joined with. */
  readonly joints: string[];
}

export function createBlocker(plan: Plan, rarities: Rarities, stopKeys: readonly number[]): Blocker {
  const stopped = new Set(stopKeys);
  const each = (values: readonly (readonly string[])[], found: (key: string, hash: number) => void): void => {
    const { keys, joints } = traitsOf(plan, values, rarities);
    const seen = new Set<number>();
    const offer = (key: string): boolean => {
      const hash = hashText(key);
      if (stopped.has(hash)) return false;
      if (!seen.has(hash)) {
        seen.add(hash);
        found(key, hash);
      }
      return true;
    };
    for (const key of keys) {
      if (offer(key)) continue;
      for (const joint of joints) offer(`${key}&${joint}`);
    }
  };
  return {
    keys(values) {
      const found: string[] = [];
      each(values, (key) => found.push(key));
      return found;
    },
    hashes(values) {
      const found: number[] = [];
      each(values, (_, hash) => found.push(hash));
      return found;
    },
  };
}

function traitsOf(plan: Plan, values: readonly (readonly string[])[], rarities: Rarities): Traits {
  const strong: string[] = [];
  const keys: string[] = [];
  const joints: string[] = [];
  const of = (kind: string): string[] =>
    plan.slots.flatMap((slot, index) => (slot.kind === kind ? [...(values[index] ?? [])] : []));
  const names = of('personName').map(readName);
  const organisations = of('organisation').map(readOrganisation);
  const addresses = of('address').map(readAddress);
  const rareWords = organisations.map(({ words }) =>
    [...new Set(words)].sort((a, b) => rarities.of('token', b) - rarities.of('token', a) || (a < b ? -1 : 1)),
  );
  const places = [
    ...new Set(
      addresses.flatMap((address) =>
        [address.postcode.slice(0, 4), soundOf(address.city)].filter((place) => place !== ''),
      ),
    ),
  ];

  plan.slots.forEach((slot, index) => {
    for (const value of values[index] ?? []) {
      if (slot.kind === 'identifier' && value.length >= 3) strong.push(`i${slot.name}:${value}`);
      if (slot.kind === 'date' && value.slice(4) !== '0000') {
        joints.push(`d:${value.slice(0, 4)}`, `d:${value.slice(4)}`);
        for (const name of names) {
          const given = name.given[0] ?? '';
          const family = name.family.join('');
          if (given !== '') keys.push(`dg:${value}:${given.charAt(0)}`);
          if (family !== '') keys.push(`df:${value}:${family.charAt(0)}`, `dy:${value.slice(0, 4)}:${soundOf(family)}`);
          if (given !== '')
            keys.push(`dx:${value.slice(0, 4)}:${soundOf(given)}`, `dm:${value.slice(4)}:${soundOf(given)}`);
        }
        if (names.length === 0) keys.push(`d:${value}`);
      }
    }
  });
  for (const email of of('email')) {
    const whole = email.replace(/\|n$/, '');
    strong.push(`e:${whole}`);
    const at = whole.lastIndexOf('@');
    const local = at > 0 ? whole.slice(0, at) : whole;
    if (local.length >= 4 && !isRoleMailbox(local)) {
      keys.push(`l:${local}`, `lp:${local.slice(0, 6)}`);
      if (at > 0) joints.push(`m:${whole.slice(at + 1)}`);
    }
  }
  for (const phone of of('phone')) {
    const digits = phoneDigits(phone);
    strong.push(`p:${digits.slice(-7)}`);
    joints.push(`p:${digits.slice(-4)}`);
  }
  for (const domain of of('domain')) strong.push(`w:${domain}`);

  for (const name of names) {
    const given = name.given[0] ?? '';
    const family = name.family.join('');
    const root = given === '' ? '' : String(nicknameGroupsOf(given)[0] ?? given);
    if (given !== '' && family !== '') {
      const [first, second] = given < family ? [given, family] : [family, given];
      keys.push(`n:${first}:${second}`);
      for (const group of nicknameGroupsOf(given)) keys.push(`k:${group}:${soundOf(family)}`);
      keys.push(`s:${soundOf(family)}:${given.charAt(0)}`, `g:${soundOf(given)}:${family.charAt(0)}`);
      keys.push(`h:${soundOf(given)}:${soundOf(family)}`);
      for (const word of name.family.length > 1 ? name.family : []) keys.push(`s:${soundOf(word)}:${given.charAt(0)}`);
    }
    if (family !== '') {
      joints.push(`f:${soundOf(family)}`);
      for (const place of places) keys.push(`z:${place}:${soundOf(family)}`);
      for (const words of rareWords) if (words[0] !== undefined) keys.push(`y:${words[0]}:${soundOf(family)}`);
    }
    if (given !== '') {
      joints.push(`g:${root}`);
      for (const place of places) keys.push(`x:${place}:${soundOf(given)}`);
    }
  }
  organisations.forEach(({ words }, index) => {
    const whole = words.join('');
    keys.push(`o:${[...words].sort().join('')}`);
    if (whole.length >= 6) keys.push(`c:${whole.slice(0, 8)}`);
    for (const word of (rareWords[index] ?? []).slice(0, 3)) keys.push(`t:${word}`);
    keys.push(`u:${words.slice(0, 2).map(soundOf).join('')}`);
    joints.push(`o:${soundOf(words[0] ?? '')}`);
  });
  for (const address of addresses) {
    const street = [...address.street].sort((a, b) => b.length - a.length || (a < b ? -1 : 1))[0] ?? '';
    if (address.house !== '' && street !== '') keys.push(`a:${address.house}:${soundOf(street)}`);
    if (address.house !== '' && address.postcode !== '') keys.push(`b:${address.house}:${address.postcode}`);
    if (street !== '' && address.house === '' && address.city !== '')
      keys.push(`a:${soundOf(street)}:${soundOf(address.city)}`);
  }
  for (const place of places) joints.push(`z:${place}`);
  for (const text of of('freeText')) {
    if (names.length > 0 || organisations.length > 0) continue;
    const words = text.split(' ');
    for (const word of words.filter((item) => item.length > 3).slice(0, 4)) keys.push(`r:${word}`);
  }
  return { keys: [...strong, ...keys], joints: [...new Set(joints)].slice(0, 8) };
}
