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

export type IssueEvents = (tenantId: string, issue: Issue) => EventRecord;

/** Tells that an issue opened or closed. */
export function createIssueEvents(wireFormat: WireFormat, now: () => Date): IssueEvents {
  return (tenantId, issue) => {
    const record = { account: issue.account, object: issue.object, recordId: issue.recordId };
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
