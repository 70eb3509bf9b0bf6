import {
  create,
  type EventRecord,
  encodeEvent,
  FindingChangedSchema,
  FindingSeverity,
  FindingState as FindingStateMessage,
  idKey,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import type { Finding, FindingState, Severity } from './finding.ts';

const stateMessages: Readonly<Record<FindingState, FindingStateMessage>> = {
  open: FindingStateMessage.OPEN,
  resolved: FindingStateMessage.RESOLVED,
  accepted: FindingStateMessage.ACCEPTED,
};

const severityMessages: Readonly<Record<Severity, FindingSeverity>> = {
  low: FindingSeverity.LOW,
  medium: FindingSeverity.MEDIUM,
  high: FindingSeverity.HIGH,
};

export type FindingEvents = (tenantId: string, finding: Finding) => EventRecord;

/** Tells that a finding changed. */
export function createFindingEvents(wireFormat: WireFormat, now: () => Date): FindingEvents {
  return (tenantId, finding) =>
    encodeEvent(
      {
        topic: topics.findingChanged,
        id: newEventId(),
        tenantId,
        source: '/kempt/integration-audit',
        subject: finding.findingId,
        key: idKey(tenantId, finding.findingId),
        time: finding.changedAt,
        recordedTime: now(),
        sequence: finding.version,
        data: create(FindingChangedSchema, {
          findingId: finding.findingId,
          version: finding.version,
          state: stateMessages[finding.state],
          severity: severityMessages[finding.severity],
          ruleId: finding.ruleId,
          account: finding.account,
          subjectKind: finding.subjectKind,
          subjectId: finding.subjectId,
          subjectName: finding.subjectName,
          title: finding.title,
          evidence: { ...finding.evidence },
          remedy: finding.remedy,
        }),
      },
      wireFormat,
    );
}
