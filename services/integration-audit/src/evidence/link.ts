import { createHash } from 'node:crypto';
import { canonicalJson } from '@kempt/contracts';

export const subjectKinds = ['change-set', 'maintenance-task', 'review', 'finding'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** Something that was done or decided and is to be attested. */
export interface Attestation {
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly subjectVersion: number;
  readonly occurredAt: Date;
  /** What was done or decided, as plain JSON. */
  readonly attested: Readonly<Record<string, unknown>>;
}

/** One link of a tenant's evidence chain. */
export interface Link {
  /** Position in the chain, beginning with 1, without gaps. */
  readonly sequence: number;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  readonly subjectVersion: number;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  /** Canonical JSON of the subject and of what is attested about it. */
  readonly content: string;
  readonly contentHash: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** Where the chain ends. */
export interface ChainEnd {
  readonly sequence: number;
  readonly hash: string;
}

/** End of a chain without links. */
export const emptyChain: ChainEnd = { sequence: 0, hash: '0'.repeat(64) };

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

export const contentHashOf = (content: string): string => sha256(content);

/** SHA-256 over the canonical JSON list of what the link says of itself and the hash of the one before. */
export function linkHash(link: Omit<Link, 'hash' | 'content' | 'occurredAt' | 'recordedAt'>): string {
  const { sequence, subjectKind, subjectId, subjectVersion, contentHash, previousHash } = link;
  return sha256(canonicalJson([sequence, subjectKind, subjectId, subjectVersion, contentHash, previousHash]));
}

/** The subject is in the content as well, so that the content alone says what is attested. */
const contentOf = ({ subjectKind, subjectId, subjectVersion, occurredAt, attested }: Attestation): string =>
  canonicalJson({ subjectKind, subjectId, subjectVersion, occurredAt: occurredAt.toISOString(), attested });

/** The link that goes behind the end of a chain. */
export function nextLink(end: ChainEnd, attestation: Attestation, recordedAt: Date): Link {
  const { subjectKind, subjectId, subjectVersion, occurredAt } = attestation;
  const content = contentOf(attestation);
  const sealed = {
    sequence: end.sequence + 1,
    subjectKind,
    subjectId,
    subjectVersion,
    contentHash: contentHashOf(content),
    previousHash: end.hash,
  };
  return { ...sealed, occurredAt, recordedAt, content, hash: linkHash(sealed) };
}

/** What is wrong with a link that should stand behind `end`; undefined when nothing is. */
export function brokenBecause(end: ChainEnd, link: Link): string | undefined {
  if (link.sequence !== end.sequence + 1) return `link ${end.sequence + 1} is missing`;
  if (link.previousHash !== end.hash) return 'it does not follow from the link before';
  if (contentHashOf(link.content) !== link.contentHash) return 'its content was changed';
  const { subjectKind, subjectId, subjectVersion, occurredAt } = link;
  const head = { subjectKind, subjectId, subjectVersion, occurredAt: occurredAt.toISOString() };
  const { attested: _attested, ...said } = JSON.parse(link.content) as Record<string, unknown>;
  if (canonicalJson(said) !== canonicalJson(head)) return 'its subject is not that of its content';
  if (linkHash(link) !== link.hash) return 'its hash is not that of what it says';
  return undefined;
}
