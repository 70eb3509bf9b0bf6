import {
  ChangeSetChangedSchema,
  create,
  type EventRecord,
  encodeEvent,
  idKey,
  ChangeSetState as StateMessage,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { ChangeSet, ChangeSetState, OperationCounts } from './change-set.ts';

const states: Readonly<Record<ChangeSetState, StateMessage>> = {
  draft: StateMessage.DRAFT,
  planned: StateMessage.PLANNED,
  approved: StateMessage.APPROVED,
  applying: StateMessage.APPLYING,
  applied: StateMessage.APPLIED,
  'partly-applied': StateMessage.PARTLY_APPLIED,
  failed: StateMessage.FAILED,
  undoing: StateMessage.UNDOING,
  undone: StateMessage.UNDONE,
  'partly-undone': StateMessage.PARTLY_UNDONE,
  cancelled: StateMessage.CANCELLED,
};

/** `change-set-changed` of a change set as it is now. No field value is in it. */
export function changeSetEvent(
  changeSet: ChangeSet,
  counts: OperationCounts | undefined,
  options: { readonly wireFormat: WireFormat; readonly now: () => number },
): EventRecord {
  return encodeEvent(
    {
      topic: topics.changeSetChanged,
      id: uuidv7(),
      tenantId: changeSet.tenantId,
      source: '/kempt/connector',
      subject: changeSet.id,
      key: idKey(changeSet.tenantId, changeSet.id),
      time: changeSet.stateAt,
      recordedTime: new Date(options.now()),
      sequence: changeSet.version,
      data: create(ChangeSetChangedSchema, {
        changeSetId: changeSet.id,
        version: changeSet.version,
        state: states[changeSet.state],
        title: changeSet.title,
        requestedBy: changeSet.requestedBy,
        approvedBy: changeSet.approvedBy ?? '',
        planHash: changeSet.planHash ?? '',
        journalHash: changeSet.journalHash ?? '',
        accounts: [...changeSet.accounts],
        operations: changeSet.operations,
        operationsApplied: counts?.applied ?? 0,
        operationsFailed: (counts?.failed ?? 0) + (counts?.refused ?? 0),
        operationsUndone: counts?.undone ?? 0,
        changedAt: timestampFromDate(changeSet.stateAt),
        reason: changeSet.reason,
      }),
    },
    options.wireFormat,
  );
}
