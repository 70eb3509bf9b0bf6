import type { Random } from '../random.ts';
import type { DataTables } from './data-tables.ts';
import { toAscii } from './misspelling.ts';

/** Someone who works with the CRMs: a user in one, an owner in the other. */
export interface StaffMember {
  readonly entity: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly title: string;
  readonly isActive: boolean;
  readonly isInSalesforce: boolean;
  readonly isInHubspot: boolean;
}

export const staffDomain = 'fernhill-demo.example';

const titles = [
  'Account Executive',
  'Sales Development Representative',
  'Account Manager',
  'Sales Manager',
  'Customer Success Manager',
  'Marketing Manager',
  'Revenue Operations',
];

export function createStaff(tables: DataTables, random: Random, count: number): StaffMember[] {
  const names = tables.names('us');
  const taken = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    let firstName: string;
    let lastName: string;
    let local: string;
    do {
      firstName = (random.chance(0.5) ? names.maleNames : names.femaleNames)(random);
      lastName = names.surnames(random);
      local = `${toAscii(firstName)}.${toAscii(lastName)}`;
    } while (taken.has(local));
    taken.add(local);
    return {
      entity: `user-${index}`,
      firstName,
      lastName,
      email: `${local}@${staffDomain}`,
      title: random.pick(titles),
      isActive: random.chance(0.88),
      isInSalesforce: index % 10 !== 9,
      isInHubspot: index % 10 !== 4,
    };
  });
}
