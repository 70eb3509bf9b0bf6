import { createWeightedPicker, type Random } from '../random.ts';
import type { OrganisationCard } from './organisation-cards.ts';
import type { RecordTimes, Timeline } from './timeline.ts';
import { drawPresences, type Organisation, type PresenceQuota, shuffled } from './world.ts';

/** A deal of the invented world. */
export interface Deal {
  readonly entity: string;
  readonly presence: { readonly salesforce: boolean; readonly hubspot: boolean };
  readonly organisation: Organisation;
  readonly product: string;
  readonly amount: number;
  /** 0 to 6: five open stages, won, lost. */
  readonly stage: number;
  /** `YYYY-MM-DD` */
  readonly closeDate: string;
  readonly isRenewal: boolean;
}

/** What a CRM record says about a deal. */
export interface DealCard extends RecordTimes {
  readonly entity: string;
  readonly organisationEntity: string;
  readonly name: string;
  readonly amount: number | null;
  readonly stage: number;
  readonly closeDate: string;
  readonly isRenewal: boolean;
}

const products = [
  'Platform',
  'Starter package',
  'Enterprise licence',
  'Support contract',
  'Implementation',
  'Training',
  'Annual subscription',
  'Pilot',
  'Expansion',
  'Consulting days',
];
const stageWeights = [9, 9, 8, 7, 6, 36, 25];
const dayMs = 86_400_000;

export function createDeals(organisations: readonly Organisation[], random: Random, quota: PresenceQuota): Deal[] {
  const weight = (organisation: Organisation) => 1 + organisation.employees ** 0.4;
  const both = organisations.filter((each) => each.presence.salesforce && each.presence.hubspot);
  const pickers = {
    both: createWeightedPicker(both, weight),
    salesforce: createWeightedPicker(
      organisations.filter((each) => each.presence.salesforce),
      weight,
    ),
    hubspot: createWeightedPicker(
      organisations.filter((each) => each.presence.hubspot),
      weight,
    ),
  };
  const pickStage = createWeightedPicker([0, 1, 2, 3, 4, 5, 6], (stage) => stageWeights[stage] as number);
  return drawPresences(quota, random).map((presence, index) => {
    const pick =
      presence.salesforce && presence.hubspot
        ? pickers.both
        : presence.salesforce
          ? pickers.salesforce
          : pickers.hubspot;
    const stage = pickStage(random);
    const isOpen = stage < 5;
    const closeMs = isOpen
      ? Date.UTC(2025, 6, 1) + random.next() * 300 * dayMs
      : Date.UTC(2020, 0, 1) + random.next() * 2000 * dayMs;
    return {
      entity: `deal-${index}`,
      presence,
      organisation: pick(random),
      product: random.pick(products),
      amount: Math.round(Math.exp(6.5 + random.next() * 5.5) / 50) * 50,
      stage,
      closeDate: new Date(closeMs).toISOString().slice(0, 10),
      isRenewal: random.chance(0.25),
    };
  });
}

function dealName(deal: Deal, company: string, random: Random): string {
  const year = deal.closeDate.slice(0, 4);
  switch (random.integer(0, 4)) {
    case 0:
      return `${company} - ${deal.product}`;
    case 1:
      return `${company} ${deal.product} ${year}`;
    case 2:
      return `${deal.product} for ${company}`;
    case 3:
      return `${company}: ${deal.product} Q${Math.ceil(Number(deal.closeDate.slice(5, 7)) / 3)} ${year}`;
    default:
      return `${company} / ${deal.product}${deal.isRenewal ? ' (renewal)' : ''}`;
  }
}

function shiftDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * dayMs).toISOString().slice(0, 10);
}

/** The deals of one CRM, duplicates of some among them, in random order. */
export function createDealCards(options: {
  readonly deals: readonly Deal[];
  readonly random: Random;
  readonly timeline: Timeline;
  readonly duplicates: number;
  readonly companies: ReadonlyMap<string, readonly OrganisationCard[]>;
}): DealCard[] {
  const { deals, random, timeline } = options;
  const card = (deal: Deal): DealCard => {
    const company = random.chance(0.7)
      ? deal.organisation.core
      : (options.companies.get(deal.organisation.entity)?.[0]?.name.trim() ?? deal.organisation.core);
    return {
      ...timeline.next(),
      entity: deal.entity,
      organisationEntity: deal.organisation.entity,
      name: dealName(deal, company, random).slice(0, 120),
      amount: random.chance(0.04) ? null : random.chance(0.9) ? deal.amount : Math.round(deal.amount * 1.1),
      stage: random.chance(0.9) ? deal.stage : Math.max(0, Math.min(6, deal.stage - 1)),
      closeDate: random.chance(0.8) ? deal.closeDate : shiftDays(deal.closeDate, random.integer(-20, 40)),
      isRenewal: deal.isRenewal,
    };
  };
  return shuffled(
    [...deals.map(card), ...Array.from({ length: options.duplicates }, () => card(random.pick(deals)))],
    random,
  );
}
