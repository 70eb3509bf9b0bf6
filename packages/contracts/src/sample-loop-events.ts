import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { KemptEvent } from './envelope.ts';
import { ChangeSetState } from './gen/kempt/connector/v1/change_set_pb.ts';
import { ProbeOutcome } from './gen/kempt/connector/v1/probe_pb.ts';
import { FixState, IssueSeverity, IssueState, QualityDimension } from './gen/kempt/data_quality/v1/quality_pb.ts';
import { EntityKind } from './gen/kempt/dedupe/v1/cluster_pb.ts';
import { ProposalState } from './gen/kempt/dedupe/v1/proposal_pb.ts';
import { Verdict } from './gen/kempt/dedupe/v1/review_pb.ts';
import { FindingSeverity, FindingState } from './gen/kempt/integration_audit/v1/finding_pb.ts';
import { MaintenanceOutcome } from './gen/kempt/metrics/v1/maintenance_pb.ts';
import { accountKey, auditKey, clusterKey, idKey, objectKey, recordKey, recordSubject } from './record-ref.ts';
import type { Topic } from './topic.ts';
import { topics } from './topic-catalogue.ts';
import { fromPlainValue } from './typed-value.ts';

// One event of every topic of the maintenance loop: proposals, change sets, issues, findings, measures.

const tenantId = 'default';
const at = new Date('2024-02-29T23:59:59.123Z');
const atStamp = timestampFromDate(at);
const ref = { account: 'sf:00D5g000004XyZzEAK', object: 'Contact', recordId: '0035g00000AbCdEAAX' };
const loser = { ...ref, recordId: '0035g00000ZzZzZAAX' };
const goldenId = '5b0e8b9e-0000-5000-8000-000000000001';

interface SampleOptions<Desc extends DescMessage> {
  readonly topic: Topic<Desc>;
  /** Last part of the event id. */
  readonly number: number;
  readonly subject: string;
  readonly key: string;
  readonly sequence: number;
  readonly data: MessageInitShape<Desc>;
}

function sample<Desc extends DescMessage>(options: SampleOptions<Desc>): KemptEvent<Desc> {
  const { topic, number, data, ...names } = options;
  return {
    tenantId,
    topic,
    id: `018df3a0-0000-7000-8000-${String(number).padStart(12, '0')}`,
    source: `/kempt/${topic.owner}`,
    ...names,
    time: at,
    recordedTime: new Date('2024-03-01T00:00:00.456Z'),
    data: create(topic.message, data),
  };
}

const changeSetId = '018df3a0-0000-7000-8000-0000000000c1';

export const sampleLoopEvents = {
  changeSetChanged: sample({
    topic: topics.changeSetChanged,
    number: 101,
    subject: changeSetId,
    key: idKey(tenantId, changeSetId),
    sequence: 6,
    data: {
      changeSetId,
      version: 6,
      state: ChangeSetState.PARTLY_APPLIED,
      title: 'Merge 2 contacts',
      requestedBy: 'proposal:5b0e8b9e-0000-5000-8000-0000000000a1',
      approvedBy: 'key_0001',
      planHash: 'a'.repeat(64),
      journalHash: 'b'.repeat(64),
      accounts: [ref.account],
      operations: 3,
      operationsApplied: 2,
      operationsFailed: 1,
      changedAt: atStamp,
      reason: 'The record Contact 0035g00000AbCdEAAX changed after the plan was made',
    },
  }),
  auditRecordChanged: sample({
    topic: topics.auditRecordChanged,
    number: 102,
    subject: `${ref.account}/user/0055g000001`,
    key: auditKey(tenantId, { account: ref.account, kind: 'user', auditId: '0055g000001' }),
    sequence: 2,
    data: {
      account: ref.account,
      auditId: '0055g000001',
      version: 2,
      kind: {
        case: 'user',
        value: {
          name: 'Integration',
          email: 'integration@example.com',
          username: 'integration@example.com.prod',
          active: true,
          userType: 'Standard',
          roles: ['System Administrator'],
          powers: ['manage-users', 'modify-all-data'],
          createdAt: atStamp,
        },
      },
    },
  }),
  crmProbed: sample({
    topic: topics.crmProbed,
    number: 103,
    subject: ref.account,
    key: accountKey(tenantId, ref.account),
    sequence: 99,
    data: {
      account: ref.account,
      system: 'salesforce',
      sequence: 99,
      at: atStamp,
      outcome: ProbeOutcome.DOWN,
      latencyMs: 5000,
      intervalMs: 10_000,
      callsRemaining: 14_990n,
      callsAllowed: 15_000n,
      reason: 'The CRM answered 503',
    },
  }),
  completenessMeasured: sample({
    topic: topics.completenessMeasured,
    number: 114,
    subject: `${ref.account}/${ref.object}`,
    key: objectKey(tenantId, ref.account, ref.object),
    sequence: 5,
    data: {
      account: ref.account,
      object: ref.object,
      sequence: 5,
      crmRecords: 1000n,
      mirrorRecords: 999n,
      measuredAt: atStamp,
      runId: '018df3a0-0000-7000-8000-000000000071',
    },
  }),
  mergeProposed: sample({
    topic: topics.mergeProposed,
    number: 104,
    subject: '5b0e8b9e-0000-5000-8000-0000000000a1',
    key: clusterKey(tenantId, goldenId),
    sequence: 1,
    data: {
      proposalId: '5b0e8b9e-0000-5000-8000-0000000000a1',
      version: 1,
      state: ProposalState.OPEN,
      entityKind: EntityKind.PERSON,
      goldenId,
      master: ref,
      losers: [loser],
      choices: [{ field: 'Phone', value: fromPlainValue('+4930123456'), from: loser, policy: 'filled' }],
      probability: 0.9987654321,
      modelVersion: '1',
      reason: 'The oldest record with the most filled fields',
    },
  }),
  matchDecided: sample({
    topic: topics.matchDecided,
    number: 105,
    subject: '5b0e8b9e-0000-5000-8000-0000000000d1',
    key: idKey(tenantId, '5b0e8b9e-0000-5000-8000-0000000000d1'),
    sequence: 2,
    data: {
      decisionId: '5b0e8b9e-0000-5000-8000-0000000000d1',
      version: 2,
      left: ref,
      right: loser,
      verdict: Verdict.DIFFERENT,
      note: 'Father and son',
      decidedBy: 'key_0001',
      decidedAt: atStamp,
    },
  }),
  issueChanged: sample({
    topic: topics.issueChanged,
    number: 106,
    subject: recordSubject(ref),
    key: recordKey(tenantId, ref),
    sequence: 2,
    data: {
      issueId: '5b0e8b9e-0000-5000-8000-0000000000e1',
      version: 2,
      state: IssueState.CLOSED,
      record: ref,
      ruleId: 'person-phone-valid',
      dimension: QualityDimension.VALIDITY,
      severity: IssueSeverity.MEDIUM,
      field: 'phones',
      message: 'The phone number cannot be dialled. Write it as +<country><number>.',
      ownerId: '0055g000001',
    },
  }),
  scoreMeasured: sample({
    topic: topics.scoreMeasured,
    number: 107,
    subject: `${ref.account}/Contact`,
    key: objectKey(tenantId, ref.account, ref.object),
    sequence: 12,
    data: {
      account: ref.account,
      object: ref.object,
      sequence: 12,
      score: 87.25,
      dimensions: [
        { dimension: QualityDimension.COMPLETENESS, score: 90.5, weight: 0.5, checked: 1000n, failed: 95n },
        { dimension: QualityDimension.VALIDITY, score: 84, weight: 0.5, checked: 500n, failed: 80n },
      ],
      records: 250n,
      openIssues: 175n,
      measuredAt: atStamp,
    },
  }),
  fixProposed: sample({
    topic: topics.fixProposed,
    number: 108,
    subject: '018df3a0-0000-7000-8000-0000000000f1',
    key: idKey(tenantId, '018df3a0-0000-7000-8000-0000000000f1'),
    sequence: 1,
    data: {
      proposalId: '018df3a0-0000-7000-8000-0000000000f1',
      version: 1,
      state: FixState.OPEN,
      standardId: 'phone-e164',
      account: ref.account,
      object: ref.object,
      fixes: [
        {
          record: ref,
          field: 'Phone',
          before: fromPlainValue('(030) 123456'),
          after: fromPlainValue('+4930123456'),
        },
      ],
      requestedBy: 'key_0001',
      reason: 'One way of writing phone numbers',
    },
  }),
  findingChanged: sample({
    topic: topics.findingChanged,
    number: 109,
    subject: '5b0e8b9e-0000-5000-8000-000000000f01',
    key: idKey(tenantId, '5b0e8b9e-0000-5000-8000-000000000f01'),
    sequence: 1,
    data: {
      findingId: '5b0e8b9e-0000-5000-8000-000000000f01',
      version: 1,
      state: FindingState.OPEN,
      severity: FindingSeverity.HIGH,
      ruleId: 'user-never-logged-in',
      account: ref.account,
      subjectKind: 'user',
      subjectId: '0055g000001',
      subjectName: 'Integration',
      title: 'The active user Integration has never logged in',
      evidence: { createdAt: '2023-01-01T00:00:00.000Z', powers: 'manage-users, modify-all-data' },
      remedy: 'Deactivate the user, or note why it is needed.',
    },
  }),
  evidenceRecorded: sample({
    topic: topics.evidenceRecorded,
    number: 110,
    subject: changeSetId,
    key: idKey(tenantId, 'evidence'),
    sequence: 2,
    data: {
      sequence: 2n,
      subjectKind: 'change-set',
      subjectId: changeSetId,
      subjectVersion: 6,
      occurredAt: atStamp,
      contentHash: 'c'.repeat(64),
      previousHash: 'd'.repeat(64),
      hash: 'e'.repeat(64),
    },
  }),
  kpiMeasured: sample({
    topic: topics.kpiMeasured,
    number: 111,
    subject: 'crm-uptime',
    key: idKey(tenantId, 'crm-uptime'),
    sequence: 3,
    data: {
      kpi: 'crm-uptime',
      account: ref.account,
      sequence: 3,
      value: 0.9995,
      unit: 'ratio',
      baseline: 0.99,
      target: 0.999,
      higherIsBetter: true,
      terms: { upSeconds: 1999, observedSeconds: 2000 },
      measuredAt: atStamp,
    },
  }),
  maintenanceTaskDue: sample({
    topic: topics.maintenanceTaskDue,
    number: 112,
    subject: '018df3a0-0000-7000-8000-000000000071',
    key: idKey(tenantId, 'completeness-check'),
    sequence: 8,
    data: {
      runId: '018df3a0-0000-7000-8000-000000000071',
      task: 'completeness-check',
      dueAt: atStamp,
      deadline: timestampFromDate(new Date('2024-03-01T23:59:59.123Z')),
    },
  }),
  maintenanceTaskFinished: sample({
    topic: topics.maintenanceTaskFinished,
    number: 113,
    subject: '018df3a0-0000-7000-8000-000000000071',
    key: idKey(tenantId, 'completeness-check'),
    sequence: 8,
    data: {
      runId: '018df3a0-0000-7000-8000-000000000071',
      task: 'completeness-check',
      outcome: MaintenanceOutcome.NEEDS_ATTENTION,
      dueAt: atStamp,
      finishedAt: atStamp,
      evidence: { 'records in the CRM': '1000', 'records in the mirror': '999' },
      summary: 'One contact of Salesforce is not in the mirror.',
      performedBy: 'kempt',
    },
  }),
  canarySent: sample({
    topic: topics.canarySent,
    number: 114,
    subject: '1',
    key: idKey(tenantId, '1'),
    sequence: 1,
    data: { sentAt: atStamp },
  }),
} as const;
