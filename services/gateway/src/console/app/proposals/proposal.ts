import { valueText } from '../elements/value-text.ts';

export interface Proposal {
  readonly proposalId: string;
  readonly state: string;
  readonly version: number;
  readonly entityKind: string;
  readonly goldenId: string;
  readonly account: string;
  readonly object: string;
  readonly master: string;
  readonly losers: readonly string[];
  readonly probability: number;
  readonly reason: string;
  readonly guard?: string;
  readonly choices: readonly { readonly field: string; readonly value: unknown; readonly from: string }[];
}

export interface ExplanationRow {
  readonly column: string;
  readonly level: string;
  readonly left: string | null;
  readonly right: string | null;
  readonly weight: number;
  readonly termFrequencyWeight: number;
}

export interface Explanation {
  readonly left: string;
  readonly right: string;
  readonly weight: number;
  readonly probability: number;
  readonly prior: number;
  readonly rows: readonly ExplanationRow[];
}

export interface FieldRow {
  readonly field: string;
  /** One for each member, in their order. */
  readonly values: readonly unknown[];
  readonly survivor: unknown;
  readonly from: string | null;
  readonly policy: string;
  readonly differs: boolean;
}

export interface ProposalDetail extends Proposal {
  readonly members: readonly {
    readonly record: string;
    readonly role: 'master' | 'loser';
    readonly modifiedAt: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
  readonly fields: readonly FieldRow[];
  readonly explanations: readonly Explanation[];
}

/** Which member each field of the survivor comes from; fields that are not in it keep the master's value. */
export type Choices = Readonly<Record<string, number>>;

/** What the proposal chose, as far as a member has that very value. */
export function proposedChoices(proposal: ProposalDetail): Choices {
  const choices: Record<string, number> = {};
  for (const { field, from } of proposal.choices) {
    const place = proposal.members.findIndex(({ record }) => record === from);
    if (place > 0) choices[field] = place;
  }
  return choices;
}

/** Values that the survivor gets besides the master's own. */
export function chosenFields(proposal: ProposalDetail, choices: Choices): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const { field, value, from } of proposal.choices) {
    const place = proposal.members.findIndex(({ record }) => record === from);
    // A value that the policy made of several records is no member's own.
    if (choices[field] === undefined && place <= 0) fields[field] = value;
    if (place > 0 && choices[field] === place) fields[field] = value;
  }
  for (const [field, place] of Object.entries(choices)) {
    if (place > 0 && !(field in fields)) fields[field] = proposal.members[place]?.fields[field] ?? null;
  }
  return fields;
}

/** What people call the record. */
export function recordName(fields: Readonly<Record<string, unknown>>): string {
  const text = (name: string): string => valueText(fields[name]);
  const person = [
    `${text('FirstName')} ${text('LastName')}`.trim(),
    `${text('firstname')} ${text('lastname')}`.trim(),
    text('Name'),
    text('name'),
    text('dealname'),
    text('Subject'),
    text('Email'),
    text('email'),
  ];
  return person.find((one) => one !== '') ?? 'No name';
}

/** `sf:00D…:Contact:003…` without the account, which is the same for all. */
export function shortRef(ref: string): string {
  return ref.split(':').slice(2).join(' ');
}
