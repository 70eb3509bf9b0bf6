export const severities = ['low', 'medium', 'high'] as const;
export type Severity = (typeof severities)[number];

export const findingStates = ['open', 'resolved', 'accepted'] as const;
export type FindingState = (typeof findingStates)[number];

/** Something that a rule found. */
export interface Detection {
  readonly ruleId: string;
  readonly severity: Severity;
  readonly subjectKind: 'user' | 'app' | 'client' | 'setup-change';
  readonly subjectId: string;
  readonly subjectName: string;
  /** One sentence. */
  readonly title: string;
  /** Facts that it rests on. None of them changes with time alone. */
  readonly evidence: Readonly<Record<string, string>>;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  /** How bad it is, in the rule's own measure. An accepted finding opens again when this rises. */
  readonly grade: number;
}

/** Who accepted the risk, and what it was then. */
export interface Acceptance {
  readonly by: string;
  readonly note: string;
  readonly at: Date;
  readonly severity: Severity;
  readonly grade: number;
}

/** Something about access or integrations that somebody should act on. */
export interface Finding extends Detection {
  readonly findingId: string;
  readonly account: string;
  /** Rises by one with every change. */
  readonly version: number;
  readonly state: FindingState;
  readonly openedAt: Date;
  readonly changedAt: Date;
  /** Null unless it is accepted. */
  readonly acceptance: Acceptance | null;
}
