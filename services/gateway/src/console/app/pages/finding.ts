/** Something about access or integrations that somebody should act on. */
export interface Finding {
  readonly findingId: string;
  readonly state: string;
  readonly severity: string;
  readonly ruleId: string;
  readonly account: string;
  readonly subjectKind: string;
  readonly subjectName?: string;
  readonly title: string;
  readonly evidence: Readonly<Record<string, string>>;
  readonly remedy: string;
}
