import {
  ChangeSetState,
  decodeEvent,
  formatRecordRef,
  MaintenanceOutcome,
  timestampDate,
  topics,
  Verdict,
} from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import type { EvidenceRecorder } from './evidence-recorder.ts';
import type { Attestation } from './link.ts';

/** States of a change set that are attested: what somebody agreed to, and how it ended. */
const attestedStates: Readonly<Partial<Record<ChangeSetState, string>>> = {
  [ChangeSetState.APPROVED]: 'approved',
  [ChangeSetState.APPLIED]: 'applied',
  [ChangeSetState.PARTLY_APPLIED]: 'partly-applied',
  [ChangeSetState.FAILED]: 'failed',
  [ChangeSetState.UNDONE]: 'undone',
  [ChangeSetState.PARTLY_UNDONE]: 'partly-undone',
  [ChangeSetState.CANCELLED]: 'cancelled',
};

const verdicts: Readonly<Record<Verdict, string>> = {
  [Verdict.UNSPECIFIED]: 'unknown',
  [Verdict.SAME]: 'same',
  [Verdict.DIFFERENT]: 'different',
  [Verdict.UNSURE]: 'unsure',
};

const outcomes: Readonly<Record<MaintenanceOutcome, string>> = {
  [MaintenanceOutcome.UNSPECIFIED]: 'unknown',
  [MaintenanceOutcome.SUCCEEDED]: 'succeeded',
  [MaintenanceOutcome.NEEDS_ATTENTION]: 'needs-attention',
  [MaintenanceOutcome.FAILED]: 'failed',
  [MaintenanceOutcome.MISSED]: 'missed',
};

/** Attests approvals and ends of change sets, with the hash that seals their journal. */
export function attestChangeSets(record: EvidenceRecorder): Handle {
  return async (tx, records) => {
    const attestations: Attestation[] = [];
    for (const one of records) {
      const { data, time } = decodeEvent(topics.changeSetChanged, one);
      const state = data === null ? undefined : attestedStates[data.state];
      if (data === null || state === undefined) continue;
      attestations.push({
        subjectKind: 'change-set',
        subjectId: data.changeSetId,
        subjectVersion: data.version,
        occurredAt: data.changedAt === undefined ? time : timestampDate(data.changedAt),
        attested: {
          state,
          title: data.title,
          requestedBy: data.requestedBy,
          approvedBy: data.approvedBy,
          planHash: data.planHash,
          journalHash: data.journalHash,
          accounts: data.accounts,
          operations: data.operations,
          operationsApplied: data.operationsApplied,
          operationsFailed: data.operationsFailed,
          operationsUndone: data.operationsUndone,
          reason: data.reason,
        },
      });
    }
    await record(tx, attestations);
  };
}

/** Attests verdicts on two records. */
export function attestReviews(record: EvidenceRecorder): Handle {
  return async (tx, records) => {
    const attestations: Attestation[] = [];
    for (const one of records) {
      const { data, time } = decodeEvent(topics.matchDecided, one);
      if (data === null) continue;
      attestations.push({
        subjectKind: 'review',
        subjectId: data.decisionId,
        subjectVersion: data.version,
        occurredAt: data.decidedAt === undefined ? time : timestampDate(data.decidedAt),
        attested: {
          left: data.left === undefined ? '' : formatRecordRef(data.left),
          right: data.right === undefined ? '' : formatRecordRef(data.right),
          verdict: verdicts[data.verdict] ?? 'unknown',
          note: data.note,
          decidedBy: data.decidedBy,
          revoked: data.revoked,
        },
      });
    }
    await record(tx, attestations);
  };
}

/** Attests runs of maintenance tasks. A run ends once. */
export function attestTasks(record: EvidenceRecorder): Handle {
  return async (tx, records) => {
    const attestations: Attestation[] = [];
    for (const one of records) {
      const { data, time } = decodeEvent(topics.maintenanceTaskFinished, one);
      if (data === null) continue;
      attestations.push({
        subjectKind: 'maintenance-task',
        subjectId: data.runId,
        subjectVersion: 1,
        occurredAt: data.finishedAt === undefined ? time : timestampDate(data.finishedAt),
        attested: {
          task: data.task,
          outcome: outcomes[data.outcome] ?? 'unknown',
          dueAt: data.dueAt === undefined ? '' : timestampDate(data.dueAt).toISOString(),
          evidence: data.evidence,
          summary: data.summary,
          performedBy: data.performedBy,
        },
      });
    }
    await record(tx, attestations);
  };
}
