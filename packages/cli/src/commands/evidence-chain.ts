import { createHash } from 'node:crypto';

/** One link as the API gives it. */
export interface EvidenceLink {
  readonly sequence: number;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly subjectVersion: number;
  readonly occurredAt: string;
  /** JSON of what is attested, to the byte. */
  readonly content: string;
  readonly contentHash: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** Where a chain ends. */
export interface ChainEnd {
  readonly sequence: number;
  readonly hash: string;
}

/** End of a chain without links. */
export const emptyChain: ChainEnd = { sequence: 0, hash: '0'.repeat(64) };

/** What is attested about the subject of a link. */
export interface Attested {
  /** Of a change set or a finding. */
  readonly state?: string;
  /** Of a maintenance task. */
  readonly outcome?: string;
  /** Of a review. */
  readonly verdict?: string;
  readonly revoked?: boolean;
  readonly journalHash?: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/**
 * What is wrong with a link that should stand behind `end`; undefined when nothing is. Everything is computed here:
 * nothing that the server says about the link is believed.
 */
export function brokenBecause(end: ChainEnd, link: EvidenceLink): string | undefined {
  if (link.sequence !== end.sequence + 1) return `link ${end.sequence + 1} is missing`;
  if (link.previousHash !== end.hash) return 'it does not follow from the link before';
  if (sha256(link.content) !== link.contentHash) return 'its content was changed';
  const { sequence, subjectKind, subjectId, subjectVersion, occurredAt, contentHash, previousHash } = link;
  const said = parsed(link.content);
  if (
    said === undefined ||
    said.subjectKind !== subjectKind ||
    said.subjectId !== subjectId ||
    said.subjectVersion !== subjectVersion ||
    said.occurredAt !== occurredAt
  ) {
    return 'its subject is not that of its content';
  }
  const sealed = JSON.stringify([sequence, subjectKind, subjectId, subjectVersion, contentHash, previousHash]);
  return sha256(sealed) === link.hash ? undefined : 'its hash is not that of what it says';
}

export function attestedBy(link: EvidenceLink): Attested {
  const attested = parsed(link.content)?.attested;
  return typeof attested === 'object' && attested !== null ? attested : {};
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
