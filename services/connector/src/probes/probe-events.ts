import {
  accountKey,
  CrmProbedSchema,
  create,
  type EventRecord,
  encodeEvent,
  ProbeOutcome as OutcomeMessage,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { CrmStatus } from './crm-status-store.ts';
import type { ProbeOutcome } from './probe.ts';

const outcomes: Readonly<Record<ProbeOutcome, OutcomeMessage>> = {
  up: OutcomeMessage.UP,
  down: OutcomeMessage.DOWN,
  refused: OutcomeMessage.REFUSED,
};

/** `crm-probed` of a probe. */
export function probeEvent(
  tenantId: string,
  status: CrmStatus,
  options: { readonly wireFormat: WireFormat; readonly now: () => number },
): EventRecord {
  return encodeEvent(
    {
      topic: topics.crmProbed,
      id: uuidv7(),
      tenantId,
      source: '/kempt/connector',
      subject: status.account,
      key: accountKey(tenantId, status.account),
      time: status.probedAt,
      recordedTime: new Date(options.now()),
      sequence: status.sequence,
      data: create(CrmProbedSchema, {
        account: status.account,
        system: status.system,
        sequence: status.sequence,
        at: timestampFromDate(status.probedAt),
        outcome: outcomes[status.outcome],
        latencyMs: status.latencyMs,
        intervalMs: status.intervalMs,
        callsRemaining: BigInt(status.callsRemaining ?? 0),
        callsAllowed: BigInt(status.callsAllowed ?? 0),
        reason: status.reason,
      }),
    },
    options.wireFormat,
  );
}
