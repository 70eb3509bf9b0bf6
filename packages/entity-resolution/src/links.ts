import { type Plan, planOf } from './plan.ts';
import type { Schema } from './schema.ts';

/**
 * Links between records of two systems, as an integration that syncs them leaves behind: one record keeps the id of the other. A link is
 * strong evidence and no more than that, since people link the wrong record, and links outlive merges. What it weighs is fixed: there are
 * too few wrong links in any data to learn it from, and learned from links that agree in everything it would outweigh every contradiction.
 */

/** Mark of the id that a record has itself, and of one that it names. */
const own = '=';
const named = '>';

export const ownId = (id: string): string => `${own}${id}`;
export const linkedId = (id: string): string => `${named}${id}`;

export const isOwnId = (value: string): boolean => value.startsWith(own);
/** The id without its mark. */
export const idOfLink = (value: string): string => value.slice(1);

/**
 * log2 odds that two records are one of which one names the other, against that they are strangers, before anything is compared. It
 * takes the place of the prior, which is that of two records taken at random, so a link means the same in tables of every size. Wrong links lead to strangers and to
 * somebody related equally often, so that one link in 33 is taken for wrong.
 */
export const linkedOdds = 6;

/**
 * log2 odds, among wrong links, of one of so many ways to be related (a household, an employer, a name) against being strangers. A link goes
 * wrong where two people look alike, so what relatives or colleagues share must not speak for it once more.
 */
export function relatedOdds(ways: number): number {
  return -Math.log2(Math.max(1, ways));
}

/** The level of a comparison of links that holds, as explanations have it. */
export const linkedLevel = 'linked';

/** Columns of an explanation that tell of links, by the slots of the plan. */
export function linkSlots(plan: Plan): readonly { readonly name: string; readonly slot: number }[] {
  return plan.slots.flatMap(({ kind, name }, slot) => (kind === 'link' ? [{ name, slot }] : []));
}

/** Columns of an explanation that tell of links, and the levels that they can have. */
export function linkColumns(schema: Schema): readonly { readonly name: string; readonly levels: readonly string[] }[] {
  return linkSlots(planOf(schema)).map(({ name }) => ({ name, levels: [linkedLevel] }));
}
