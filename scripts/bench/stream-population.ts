import { type Country, loadDataTables } from '../../packages/crm-simulators/src/population/data-tables.ts';
import { misspell, toAscii } from '../../packages/crm-simulators/src/population/misspelling.ts';
import { createRandom, type Random } from '../../packages/crm-simulators/src/random.ts';

/** A contact in the fields of the canonical person. */
export interface StreamPerson {
  readonly givenName: string;
  readonly familyName: string;
  readonly email: string;
  readonly phone: string;
  readonly street: string;
  readonly city: string;
  readonly region: string;
  readonly postalCode: string;
  readonly country: string;
  readonly organisation: string;
}

/** Share of records that show a person whom an earlier record shows, too. */
const duplicateShare = 0.12;
/** Share of families whose name is in no table: real populations have a long tail of rare names. */
const rareNames = 0.4;
const freeMail = ['gmail.com', 'outlook.com', 'yahoo.com', 'gmx.de', 'icloud.com'];
const businesses = 'Systems Logistics Partners Foods Medical Metalworks Consulting Energy Textiles Insurance'.split(
  ' ',
);

/**
 * People of a large CRM, without end of supply: any number can be asked for by its index, and the same index always gives the
 * same person. Duplicates differ from their original as people write things: misspelt, moved, without e-mail or phone.
 */
export function createStreamPeople(seed: string) {
  const tables = loadDataTables();

  function original(index: number): StreamPerson {
    const random = createRandom(`${seed}/${index}`);
    const country = tables.pickCountry(random);
    const city = tables.pickCity(country, random);
    const names = tables.names(country.names);
    const givenName = random.chance(0.5) ? names.maleNames(random) : names.femaleNames(random);
    const familyName = random.chance(rareNames)
      ? rareName(names.surnames(random), names.surnames(random))
      : names.surnames(random);
    const firm = random.integer(0, 60_000);
    const domain = `${toAscii(firmName(tables, country, firm).split(' ')[0] as string)}${firm}.com`;
    const local = `${toAscii(givenName)}.${toAscii(familyName)}${random.chance(0.3) ? random.integer(1, 99) : ''}`;
    return {
      givenName,
      familyName,
      email: random.chance(0.1) ? '' : `${local}@${random.chance(0.25) ? random.pick(freeMail) : domain}`,
      phone: random.chance(0.2)
        ? ''
        : `+${country.callingCode}${digits(random.chance(0.7) ? country.mobilePattern : city.landlinePattern, random)}`,
      street: random.chance(0.3) ? '' : `${random.integer(1, 220)} ${tables.streets(country.streets)(random)}`,
      city: city.name,
      region: city.region,
      postalCode: fill(city.postcodePattern, random),
      country: country.name,
      organisation: random.chance(0.4) ? '' : firmName(tables, country, firm),
    };
  }

  return {
    person(index: number): StreamPerson {
      const random = createRandom(`${seed}/copy/${index}`);
      if (index === 0 || !random.chance(duplicateShare)) return original(index);
      return change(original(random.integer(0, index - 1)), random, 2);
    },
    /** The person after one field that is compared was written anew. */
    edited(index: number, edition: number): StreamPerson {
      const random = createRandom(`${seed}/edit/${index}/${edition}`);
      return change(this.person(index), random, 1);
    },
  };
}

function change(person: StreamPerson, random: Random, times: number): StreamPerson {
  let changed = person;
  for (let at = 0; at < times; at += 1) {
    switch (random.integer(0, 5)) {
      case 0:
        changed = { ...changed, givenName: misspell(changed.givenName, random) };
        break;
      case 1:
        changed = { ...changed, familyName: misspell(changed.familyName, random) };
        break;
      case 2:
        changed = {
          ...changed,
          email: `${toAscii(changed.familyName)}${random.integer(1, 999)}@${random.pick(freeMail)}`,
        };
        break;
      case 3:
        changed = { ...changed, phone: `+1${random.integer(2_012_000_000, 9_899_999_999)}` };
        break;
      case 4:
        changed = {
          ...changed,
          street: `${random.integer(1, 220)} ${changed.street.replace(/^\d+ /, '') || 'High Street'}`,
        };
        break;
      default:
        changed = {
          ...changed,
          organisation: changed.organisation === '' ? 'Freelance' : misspell(changed.organisation, random),
        };
    }
  }
  return changed;
}

function rareName(first: string, second: string): string {
  const [head, tail] = [first.slice(0, Math.ceil(first.length / 2)), second.slice(Math.floor(second.length / 2))];
  return `${head}${tail.toLowerCase()}`;
}

function firmName(tables: ReturnType<typeof loadDataTables>, country: Country, firm: number): string {
  const random = createRandom(`firm/${country.code}/${firm}`);
  const surnames = tables.names(country.names).surnames;
  return `${rareName(surnames(random), surnames(random))} ${random.pick(businesses)}`;
}

function fill(pattern: string, random: Random): string {
  return pattern.replaceAll(/[#NX]/g, (sign) =>
    sign === '#'
      ? String(random.integer(0, 9))
      : sign === 'N'
        ? String(random.integer(2, 9))
        : String.fromCharCode(65 + random.integer(0, 25)),
  );
}

function digits(pattern: string, random: Random): string {
  return fill(pattern, random).replaceAll(/\D/g, '').replace(/^0/, '');
}
