import type { Random } from '../random.ts';
import { createAddress } from './address.ts';
import type { City, Country, DataTables } from './data-tables.ts';
import { toAscii } from './misspelling.ts';
import {
  createCoreName,
  franchiseBrands,
  type Industry,
  industries,
  pickLegalForm,
  topLevelDomains,
} from './organisation-names.ts';
import type { Telephone } from './telephone.ts';
import {
  drawPresences,
  type Organisation,
  type Presence,
  type PresenceQuota,
  type Trap,
  type TrapKind,
} from './world.ts';

export interface OrganisationsOptions {
  readonly tables: DataTables;
  readonly random: Random;
  readonly telephone: (country: Country, pattern: string) => Telephone;
  readonly quota: PresenceQuota;
}

interface Wanted {
  readonly country?: Country;
  readonly city?: City;
  readonly core?: string;
  readonly legalForm?: string;
  readonly domain?: string;
  readonly industry?: Industry;
  readonly parent?: Organisation;
  readonly trap?: Trap;
}

/** How many groups of look-alikes there are, for each thousand organisations. */
const groupsPerThousand: Readonly<Partial<Record<TrapKind, number>>> = {
  subsidiary: 22,
  franchise: 6,
  'same-company-name': 16,
};

function employeesOf(random: Random): number {
  // Most firms are small; a few are very large.
  return Math.max(1, Math.round(Math.exp(1 + 6.5 * random.next() ** 1.4)));
}

/** Invents the organisations, look-alikes among them. */
export function createOrganisations(options: OrganisationsOptions): Organisation[] {
  const { tables, random } = options;
  const { both, salesforceOnly, hubspotOnly } = options.quota;
  const total = both + salesforceOnly + hubspotOnly;
  const presences = drawPresences(options.quota, random);
  const organisations: Organisation[] = [];
  const domains = new Set<string>();
  const cores = new Set<string>();
  let group = 0;

  const freshDomain = (core: string, country: Country): string => {
    const words = core
      .split(/[\s&]+/)
      .map(toAscii)
      .filter((word) => word !== '');
    const joined = words.join('');
    const forms = [
      joined,
      words.slice(0, 2).join('-'),
      words.length > 1 ? `${words[0]}${(words[1] as string).slice(0, 4)}` : `${joined}group`,
      `${joined}${country.code.toLowerCase()}`,
      `get${joined}`,
    ];
    for (const form of [random.pick([0, 0, 0, 1, 2]), 3, 4].map((index) => forms[index] as string)) {
      const domain = `${form.slice(0, 30)}.${random.pick(topLevelDomains[country.code] ?? ['com'])}`;
      if (domains.has(domain) || form === '') continue;
      domains.add(domain);
      return domain;
    }
    const fallback = `${joined.slice(0, 24)}${organisations.length}.com`;
    domains.add(fallback);
    return fallback;
  };
  const freshCore = (industry: Industry, country: Country, city: City): string => {
    const surname = () => tables.names(country.names === 'jp' ? 'us' : country.names).surnames(random);
    for (let attempt = 0; ; attempt++) {
      const core = createCoreName(random, industry, surname, city.name);
      if (!cores.has(core.toLowerCase()) || attempt > 20) {
        cores.add(core.toLowerCase());
        return core;
      }
    }
  };

  const add = (wanted: Wanted = {}): Organisation => {
    const country = wanted.country ?? tables.pickCountry(random);
    const city = wanted.city ?? tables.pickCity(country, random);
    const industry = wanted.industry ?? random.pick(industries);
    const core = wanted.core ?? freshCore(industry, country, city);
    const hasDomain = random.chance(0.93);
    const organisation: Organisation = {
      entity: `organisation-${organisations.length}`,
      presence: presences[organisations.length] as Presence,
      core,
      legalForm: wanted.legalForm ?? pickLegalForm(random, country.code),
      alias: random.chance(0.06) ? freshCore(industry, country, city) : null,
      domain: wanted.domain ?? (hasDomain ? freshDomain(core, country) : null),
      address: createAddress(tables, country, city, random),
      formerAddress: random.chance(0.12)
        ? createAddress(tables, country, random.chance(0.7) ? city : tables.pickCity(country, random), random)
        : null,
      telephone: options.telephone(country, city.landlinePattern),
      fax: random.chance(0.25) ? options.telephone(country, city.landlinePattern) : null,
      industry,
      employees: employeesOf(random),
      parent: wanted.parent ?? null,
      emailStyle: random.integer(0, 9),
      trap: wanted.trap ?? null,
    };
    organisations.push(organisation);
    return organisation;
  };

  const room = () => total - organisations.length;
  const groups = (kind: TrapKind) => Math.round(((groupsPerThousand[kind] ?? 0) * total) / 1000);

  for (let i = 0; i < groups('subsidiary') && room() > 5; i++) {
    group += 1;
    const trap: Trap = { kind: 'subsidiary', group };
    const parent = add({ trap, industry: industries[0] as Industry });
    const domain = parent.domain ?? freshDomain(parent.core, parent.address.country);
    const stem = parent.core.split(' ')[0] as string;
    for (let n = random.integer(1, 3); n > 0; n--) {
      const industry = random.pick(industries);
      const suffix = random.pick([
        ...industry.words,
        'Holding',
        'Services',
        'Logistics',
        'International',
        'Real Estate',
      ]);
      add({ trap, country: parent.address.country, core: `${stem} ${suffix}`, domain, industry, parent });
    }
  }
  for (let i = 0; i < groups('franchise') && room() > 8; i++) {
    group += 1;
    const country = tables.pickCountry(random);
    const core = franchiseBrands[i % franchiseBrands.length] as string;
    const domain = freshDomain(core, country);
    const industry = random.pick(industries);
    for (let n = random.integer(3, 7); n > 0; n--) {
      add({ trap: { kind: 'franchise', group }, country, core, legalForm: '', domain, industry });
    }
  }
  for (let i = 0; i < groups('same-company-name') && room() > 3; i++) {
    group += 1;
    const first = add({ trap: { kind: 'same-company-name', group } });
    const country = random.chance(0.7) ? first.address.country : tables.pickCountry(random);
    const others = country.cities.filter((city) => city.name !== first.address.city);
    add({
      trap: { kind: 'same-company-name', group },
      country,
      core: first.core,
      ...(others.length === 0 ? {} : { city: random.pick(others) }),
    });
  }
  while (room() > 0) add();
  return organisations;
}
