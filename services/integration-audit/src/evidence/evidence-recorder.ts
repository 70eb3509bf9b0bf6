import {
  create,
  type EventRecord,
  EvidenceRecordedSchema,
  encodeEvent,
  idKey,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import { v7 as newEventId } from 'uuid';
import type { IntegrationAuditMetrics } from '../metrics.ts';
import { addLink, isAttested, lockChain } from './evidence-store.ts';
import { type Attestation, type Link, nextLink } from './link.ts';

/**
 * Adds links to the chain of the transaction's tenant, one after the other, and tells of each. What is attested already
 * is left out.
 */
export type EvidenceRecorder = (tx: Transaction, attestations: readonly Attestation[]) => Promise<void>;

export function createEvidenceRecorder(options: {
  readonly wireFormat: WireFormat;
  readonly metrics: IntegrationAuditMetrics;
  readonly now: () => Date;
}): EvidenceRecorder {
  const { wireFormat, metrics, now } = options;

  const eventOf = (tenantId: string, link: Link): EventRecord =>
    encodeEvent(
      {
        topic: topics.evidenceRecorded,
        id: newEventId(),
        tenantId,
        source: '/kempt/integration-audit',
        subject: link.subjectId,
        key: idKey(tenantId, 'evidence'),
        time: link.occurredAt,
        recordedTime: link.recordedAt,
        sequence: link.sequence,
        data: create(EvidenceRecordedSchema, {
          sequence: BigInt(link.sequence),
          subjectKind: link.subjectKind,
          subjectId: link.subjectId,
          subjectVersion: link.subjectVersion,
          occurredAt: timestampFromDate(link.occurredAt),
          contentHash: link.contentHash,
          previousHash: link.previousHash,
          hash: link.hash,
        }),
      },
      wireFormat,
    );

  return async (tx, attestations) => {
    if (attestations.length === 0) return;
    let end = await lockChain(tx);
    const links: Link[] = [];
    for (const attestation of attestations) {
      if (await isAttested(tx, attestation)) continue;
      const link = nextLink(end, attestation, now());
      await addLink(tx, link);
      links.push(link);
      end = link;
    }
    if (links.length === 0) return;
    await appendToOutbox(
      tx,
      links.map((link) => eventOf(tx.tenantId ?? '', link)),
    );
    for (const { subjectKind } of links) metrics.evidenceLinks.inc({ subject_kind: subjectKind });
  };
}
