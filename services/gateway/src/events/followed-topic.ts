import {
  ChangeKind,
  ChangeOrigin,
  ChangeSetState,
  ClusterChangeKind,
  ConnectionStatus,
  type DescMessage,
  decodeEvent,
  EntityKind,
  FindingSeverity,
  FindingState,
  formatRecordRef,
  IssueSeverity,
  IssueState,
  MaintenanceOutcome,
  type MessageShape,
  type PositionedRecord,
  ProbeOutcome,
  ProposalState,
  QualityDimension,
  type RecordRefFields,
  SyncRunKind,
  SyncRunOutcome,
  type Topic,
  timestampDate,
  topics,
  Verdict,
} from '@kempt/contracts';
import { laneHeader } from '@kempt/outbox';
import type { Scope } from '@kempt/service-runtime';

/** An event of the bus as the stream tells it. */
export interface StreamNews {
  readonly eventId: string;
  readonly tenantId: string;
  /** Short name: `change-set-changed`. */
  readonly topic: string;
  readonly subject: string;
  /** When it happened. */
  readonly time: Date;
  /** When Kempt wrote it down. */
  readonly recordedTime: Date;
  /** Version of the subject. */
  readonly sequence: number;
  /** Plain JSON. No field value of a CRM record is in it: who may see those reads them over REST. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A topic that can be followed. */
export interface FollowedTopic {
  readonly topic: Topic;
  /** Short name: `change-set-changed`. */
  readonly name: string;
  /** What a key must hold to be told. */
  readonly scope: Scope;
  /** `undefined` for an event that the stream leaves out. Throws `MalformedEventError`. */
  read(record: PositionedRecord): StreamNews | undefined;
}

interface FollowOptions<Desc extends DescMessage> {
  readonly scope: Scope;
  /** Events of the bulk lane come by the ten thousand when a CRM is read for the first time, and tell nobody anything. */
  readonly skipsBulk?: true;
  readonly data: (message: MessageShape<Desc>) => Readonly<Record<string, unknown>> | undefined;
}

function follow<Desc extends DescMessage>(
  topic: Topic<Desc>,
  { scope, skipsBulk, data }: FollowOptions<Desc>,
): FollowedTopic {
  const name = topic.name.replace(/^kempt\.[a-z-]+\.|\.v\d+$/g, '');
  return {
    topic,
    name,
    scope,
    read(record) {
      // The header spares the decoding, which would be most of the work of a first sync.
      if (skipsBulk === true && record.headers[laneHeader] === 'bulk') return undefined;
      const event = decodeEvent(topic, record);
      const told = event.data === null ? undefined : data(event.data);
      if (told === undefined) return undefined;
      const { id: eventId, tenantId, subject, time, recordedTime, sequence } = event;
      return { eventId, tenantId, topic: name, subject, time, recordedTime, sequence, data: told };
    },
  };
}

/** Clusters can be large, and the stream names members only so that a page knows what to look at again. */
const mostMembers = 100;

export const followedTopics: readonly FollowedTopic[] = [
  follow(topics.connectionChanged, {
    scope: 'connections:read',
    data: ({ connectionId, account, system, displayName, status, objects, version }) => ({
      connectionId,
      account,
      system,
      displayName,
      status: wordOf(ConnectionStatus, status),
      objects,
      version,
    }),
  }),
  follow(topics.syncRunFinished, {
    scope: 'connections:read',
    data: ({ account, object, kind, outcome, recordsRead, recordsChanged, recordsSkipped, reason }) => ({
      account,
      object,
      kind: wordOf(SyncRunKind, kind),
      outcome: wordOf(SyncRunOutcome, outcome),
      recordsRead: Number(recordsRead),
      recordsChanged: Number(recordsChanged),
      recordsSkipped: Number(recordsSkipped),
      ...filled({ reason }),
    }),
  }),
  follow(topics.recordChanged, {
    scope: 'records:read',
    skipsBulk: true,
    data({ record, version, kind, origin, changedFields, mergedInto }) {
      if (origin === ChangeOrigin.BACKFILL) return undefined;
      return {
        record: refOf(record),
        version,
        kind: wordOf(ChangeKind, kind),
        origin: wordOf(ChangeOrigin, origin),
        changedFields,
        ...filled({ mergedInto: refOf(mergedInto) }),
      };
    },
  }),
  follow(topics.clusterChanged, {
    scope: 'clusters:read',
    skipsBulk: true,
    data: ({ goldenId, entityKind, kind, version, members, absorbed }) => ({
      goldenId,
      entityKind: wordOf(EntityKind, entityKind),
      kind: wordOf(ClusterChangeKind, kind),
      version,
      memberCount: members.length,
      members: members.slice(0, mostMembers).map(({ record }) => refOf(record)),
      absorbed,
    }),
  }),
  follow(topics.mergeProposed, {
    scope: 'clusters:read',
    skipsBulk: true,
    data: ({ proposalId, version, state, entityKind, goldenId, master, losers, choices, probability }) => ({
      proposalId,
      version,
      state: wordOf(ProposalState, state),
      entityKind: wordOf(EntityKind, entityKind),
      goldenId,
      master: refOf(master),
      losers: losers.map(refOf),
      fields: choices.map(({ field }) => field),
      probability,
    }),
  }),
  follow(topics.matchDecided, {
    scope: 'clusters:read',
    data: ({ decisionId, version, left, right, verdict, decidedBy, revoked }) => ({
      decisionId,
      version,
      left: refOf(left),
      right: refOf(right),
      verdict: wordOf(Verdict, verdict),
      decidedBy,
      revoked,
    }),
  }),
  follow(topics.changeSetChanged, {
    scope: 'changes:read',
    data: ({ changeSetId, version, state, title, requestedBy, approvedBy, accounts, reason, ...counts }) => ({
      changeSetId,
      version,
      state: wordOf(ChangeSetState, state),
      title,
      requestedBy,
      ...filled({ approvedBy, reason }),
      accounts,
      operations: counts.operations,
      operationsApplied: counts.operationsApplied,
      operationsFailed: counts.operationsFailed,
      operationsUndone: counts.operationsUndone,
    }),
  }),
  follow(topics.issueChanged, {
    scope: 'quality:read',
    skipsBulk: true,
    data: ({ issueId, version, state, record, ruleId, dimension, severity, field, message }) => ({
      issueId,
      version,
      state: wordOf(IssueState, state),
      record: refOf(record),
      ruleId,
      dimension: wordOf(QualityDimension, dimension),
      severity: wordOf(IssueSeverity, severity),
      ...filled({ field, message }),
    }),
  }),
  follow(topics.scoreMeasured, {
    scope: 'quality:read',
    data: ({ account, object, sequence, score, records, openIssues }) => ({
      account,
      object,
      sequence,
      score,
      records: Number(records),
      openIssues: Number(openIssues),
    }),
  }),
  follow(topics.findingChanged, {
    scope: 'audit:read',
    data: ({ findingId, version, state, severity, ruleId, account, subjectKind, subjectId, title }) => ({
      findingId,
      version,
      state: wordOf(FindingState, state),
      severity: wordOf(FindingSeverity, severity),
      ruleId,
      account,
      subjectKind,
      subjectId,
      title,
    }),
  }),
  follow(topics.evidenceRecorded, {
    scope: 'audit:read',
    data: ({ sequence, subjectKind, subjectId, subjectVersion, hash }) => ({
      sequence: Number(sequence),
      subjectKind,
      subjectId,
      subjectVersion,
      hash,
    }),
  }),
  follow(topics.kpiMeasured, {
    scope: 'kpis:read',
    data: ({ kpi, account, sequence, value, unit, baseline, target, higherIsBetter, measuredAt }) => ({
      kpi,
      ...filled({ account }),
      sequence,
      value: value ?? null,
      unit,
      baseline: baseline ?? null,
      target: target ?? null,
      higherIsBetter,
      ...(measuredAt !== undefined && { measuredAt: timestampDate(measuredAt).toISOString() }),
    }),
  }),
  follow(topics.crmProbed, {
    scope: 'connections:read',
    data: ({ account, system, outcome, latencyMs, reason }) => ({
      account,
      system,
      outcome: wordOf(ProbeOutcome, outcome),
      latencyMs,
      ...filled({ reason }),
    }),
  }),
  follow(topics.maintenanceTaskDue, {
    scope: 'kpis:read',
    data: ({ runId, task, dueAt, deadline }) => ({
      runId,
      task,
      ...(dueAt !== undefined && { dueAt: timestampDate(dueAt).toISOString() }),
      ...(deadline !== undefined && { deadline: timestampDate(deadline).toISOString() }),
    }),
  }),
  follow(topics.maintenanceTaskFinished, {
    scope: 'kpis:read',
    data: ({ runId, task, outcome, finishedAt, summary, performedBy }) => ({
      runId,
      task,
      outcome: wordOf(MaintenanceOutcome, outcome),
      ...(finishedAt !== undefined && { finishedAt: timestampDate(finishedAt).toISOString() }),
      summary,
      performedBy,
    }),
  }),
];

/** `PARTLY_APPLIED` reads `partly-applied`; a value that this release does not know stays a number. */
function wordOf(words: Readonly<Record<string, number>>, value: number): string {
  const word = Object.keys(words).find((name) => words[name] === value);
  return word === undefined ? String(value) : word.toLowerCase().replaceAll('_', '-');
}

function refOf(record: RecordRefFields | undefined): string {
  return record === undefined ? '' : formatRecordRef(record);
}

/** Without what is empty. */
function filled(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}
