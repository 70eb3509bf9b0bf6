import {
  create,
  type EventRecord,
  encodeEvent,
  IssueChangedSchema,
  IssueSeverity,
  IssueState,
  QualityDimension,
  recordKey,
  recordSubject,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import type { ObjectRef } from '../profiles/profile-store.ts';
import type { Dimension, Severity } from '../rules/rule.ts';
import type { Issue } from './issue-store.ts';

export const dimensionMessages: Readonly<Record<Dimension, QualityDimension>> = {
  completeness: QualityDimension.COMPLETENESS,
  validity: QualityDimension.VALIDITY,
  uniqueness: QualityDimension.UNIQUENESS,
  freshness: QualityDimension.FRESHNESS,
  consistency: QualityDimension.CONSISTENCY,
};

const severityMessages: Readonly<Record<Severity, IssueSeverity>> = {
  low: IssueSeverity.LOW,
  medium: IssueSeverity.MEDIUM,
  high: IssueSeverity.HIGH,
};

export type IssueEvents = (tenantId: string, object: ObjectRef, issue: Issue) => EventRecord;

/** Tells that an issue opened or closed. */
export function createIssueEvents(wireFormat: WireFormat, now: () => Date): IssueEvents {
  return (tenantId, { account, object }, issue) => {
    const record = { account, object, recordId: issue.recordId };
    return encodeEvent(
      {
        topic: topics.issueChanged,
        id: newEventId(),
        tenantId,
        source: '/kempt/data-quality',
        subject: recordSubject(record),
        key: recordKey(tenantId, record),
        time: issue.changedAt,
        recordedTime: now(),
        sequence: issue.version,
        data: create(IssueChangedSchema, {
          issueId: issue.issueId,
          version: issue.version,
          state: issue.open ? IssueState.OPEN : IssueState.CLOSED,
          record,
          ruleId: issue.ruleId,
          dimension: dimensionMessages[issue.dimension],
          severity: severityMessages[issue.severity],
          field: issue.field,
          message: issue.message,
          ownerId: issue.ownerId,
        }),
      },
      wireFormat,
    );
  };
}
