import {
  CanarySentSchema,
  create,
  type EventRecord,
  encodeEvent,
  idKey,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { appendToOutbox, canaryTenant } from '@kempt/outbox';
import type { Database } from '@kempt/postgres';
import { type Component, createRepeatedWork } from '@kempt/service-runtime';
import type { Counter, Logger } from '@kempt/telemetry';
import { v7 as newEventId } from 'uuid';

interface CanarySenderOptions {
  readonly database: Database;
  readonly wireFormat: WireFormat;
  /** Counts canaries whose transaction has committed. */
  readonly sent: Counter;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly now: () => Date;
}

/**
 * Sends a sign of life through the outbox, again and again. Every instance sends its own. Keys take turns, so that each
 * partition sees some.
 */
export function createCanarySender(options: CanarySenderOptions): Component {
  const { database, wireFormat, sent, logger, now } = options;
  let number = 0;

  function canary(): EventRecord {
    const time = now();
    number += 1;
    const lane = String(number % topics.canarySent.partitions);
    return encodeEvent(
      {
        id: newEventId(),
        tenantId: canaryTenant,
        source: '/kempt/metrics',
        subject: lane,
        key: idKey(canaryTenant, lane),
        time,
        recordedTime: time,
        sequence: Math.floor(time.getTime() / 1_000),
        topic: topics.canarySent,
        data: create(CanarySentSchema, { sentAt: timestampFromDate(time) }),
      },
      wireFormat,
    );
  }

  return createRepeatedWork({
    name: 'canary-sender',
    intervalMs: options.intervalMs,
    turn: async () => {
      await database.transaction(canaryTenant, (tx) => appendToOutbox(tx, [canary()], { lane: 'live' }));
      sent.inc();
    },
    onFailure: (error, failures) => {
      if (failures === 1) logger.warn({ err: error }, 'A canary could not be sent; it is tried again');
    },
  });
}
