import { type Hindrance, hindranceOf } from './proposal-hindrance.ts';
import { chooseSurvivor, type FieldChoice } from './survivorship.ts';
import { type SurvivorshipPolicy, survivorshipPolicies } from './survivorship-policy.ts';
import { saysTheSame, type VendorRecord } from './vendor-value.ts';

/** What holds a proposal back. */
export type Guard = 'too-many-records' | 'verdict' | 'hierarchy' | 'conflict' | 'improbable' | 'frozen';

/** What the merge of some records of one object would come to, and whether anything speaks against it. */
export interface ProposalDraft {
  readonly master: string;
  readonly losers: readonly string[];
  readonly choices: readonly FieldChoice[];
  readonly probability: number;
  readonly reason: string;
  readonly guard: Guard | undefined;
  /** Why it must not be applied without a look; undefined when it may. */
  readonly hindrance: Hindrance | undefined;
}

export interface ProposalMember extends VendorRecord {
  /** Match probability that ties it to the rest of its cluster. */
  readonly probability: number;
}

export interface ProposalLimits {
  /** More records than this are not proposed: a cluster that large deserves a look first. */
  readonly recordsMax: number;
  /** Records whose probabilities are lower on average are not proposed. */
  readonly probabilityMin: number;
  /** Match probability that every two records of a merge without a look must have. */
  readonly automaticProbabilityMin: number;
}

export interface DraftContext {
  readonly limits: ProposalLimits;
  /** Pairs of the records that a reviewer told apart. */
  readonly different: readonly (readonly [string, string])[];
  /** Smallest match probability of any two of the records; 0 when two were never compared. */
  readonly weakestPair: number;
  readonly gateOpen: boolean;
}

/**
 * Drafts the merge of records of one object of one account that are in one cluster.
 * @param members at least two
 */
export function draftProposal(
  object: string,
  members: readonly ProposalMember[],
  context: DraftContext,
): ProposalDraft | undefined {
  const policy = survivorshipPolicies[object];
  if (policy === undefined) return undefined;
  const survivorship = chooseSurvivor(policy, members);
  const held = heldBack(policy, members, context);
  return {
    master: survivorship.master,
    losers: survivorship.losers,
    choices: survivorship.choices,
    probability: Math.min(...members.map((member) => member.probability)),
    reason: held === undefined ? survivorship.reason : held.reason,
    guard: held?.guard,
    hindrance: hindranceOf(policy, members, {
      gateOpen: context.gateOpen,
      weakestPair: context.weakestPair,
      probabilityMin: context.limits.automaticProbabilityMin,
    }),
  };
}

function heldBack(
  policy: SurvivorshipPolicy,
  members: readonly ProposalMember[],
  { limits, different }: DraftContext,
): { readonly guard: Guard; readonly reason: string } | undefined {
  if (members.length > limits.recordsMax) {
    return {
      guard: 'too-many-records',
      reason: `${members.length} records would become one; at most ${limits.recordsMax} are proposed without a look`,
    };
  }
  const refs = new Set(members.map((member) => member.ref));
  const apart = different.find(([left, right]) => refs.has(left) && refs.has(right));
  if (apart !== undefined) {
    return { guard: 'verdict', reason: `a reviewer told ${idOf(apart[0])} and ${idOf(apart[1])} apart` };
  }
  const frozen = members.find(
    (member) => policy.frozenField !== undefined && member.fields[policy.frozenField] === true,
  );
  if (frozen !== undefined) {
    return { guard: 'frozen', reason: `${idOf(frozen.ref)} has ${policy.frozenField} and cannot be merged` };
  }
  const family = parentAndChild(policy, members);
  if (family !== undefined) {
    return { guard: 'hierarchy', reason: `${family.parent} is above ${family.child} in the hierarchy of the CRM` };
  }
  const conflict = distinguishedBy(policy, members);
  if (conflict !== undefined) {
    return { guard: 'conflict', reason: `the records have different values of ${conflict}` };
  }
  const mean = members.reduce((sum, member) => sum + member.probability, 0) / members.length;
  if (mean < limits.probabilityMin) {
    return {
      guard: 'improbable',
      reason: `the mean match probability is ${mean.toFixed(3)}; from ${limits.probabilityMin} on records are proposed`,
    };
  }
  return undefined;
}

/** The first field that tells the records apart: two of them have different values. */
function distinguishedBy(policy: SurvivorshipPolicy, members: readonly ProposalMember[]): string | undefined {
  return policy.distinguishingFields.find((field) => {
    const values = members.map((member) => member.fields[field]).filter((value) => value !== undefined);
    return values.some((value) => !saysTheSame(value, values[0]));
  });
}

function parentAndChild(
  policy: SurvivorshipPolicy,
  members: readonly ProposalMember[],
): { readonly parent: string; readonly child: string } | undefined {
  const { parentField } = policy;
  if (parentField === undefined) return undefined;
  const ids = new Set(members.map((member) => idOf(member.ref)));
  for (const member of members) {
    const value = member.fields[parentField];
    const parent = typeof value === 'object' && 'decimal' in value ? value.decimal : value;
    if (typeof parent === 'string' && parent !== idOf(member.ref) && ids.has(parent)) {
      return { parent, child: idOf(member.ref) };
    }
  }
  return undefined;
}

function idOf(ref: string): string {
  return ref.slice(ref.lastIndexOf(':') + 1);
}
