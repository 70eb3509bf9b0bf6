import { createHash } from 'node:crypto';
import { decodeEvent, formatRecordRef, type PositionedRecord, topics } from '@kempt/contracts';

/** A record as the CRM itself has it. */
export interface CrmRecord {
  /** account:object:recordId */
  readonly ref: string;
  readonly deleted: boolean;
  /** Vendor fields as plain text by name; blanks left out. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A record as the REST API shows the mirror. */
export interface MirrorRecord {
  readonly ref: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly contentHash: string;
  readonly fields: Readonly<Record<string, string>>;
  /** ref of the survivor, when the CRM merged the record away. */
  readonly mergedInto?: string;
}

/** A cluster as the REST API shows it. */
export interface ShownCluster {
  readonly goldenId: string;
  readonly version: number;
  readonly members: readonly string[];
}

export interface History {
  readonly crm: readonly CrmRecord[];
  readonly mirror: readonly MirrorRecord[];
  readonly clusters: readonly ShownCluster[];
  /** Every event, each once. */
  readonly events: readonly PositionedRecord[];
  /** Whether dedupe looks after records of this object. */
  readonly isMatched: (object: string) => boolean;
}

export interface Verdict {
  /** Something that is in one place and should be in another. */
  readonly missing: readonly string[];
  /** Something that is there and should not be. */
  readonly extra: readonly string[];
  readonly checked: Readonly<Record<string, number>>;
}

/**
 * Holds what the CRMs have, the mirror, the topics and the REST answers against each other:
 * - the mirror has every record of the CRMs with the same fields, and no other;
 * - each record has the changes 1 to its version, each once, and the last one is what the mirror has;
 * - the state topic ends with the same version and content;
 * - each living person and organisation is in exactly one cluster, and each cluster is what its last event said.
 */
export function checkHistory(history: History): Verdict {
  const missing: string[] = [];
  const extra: string[] = [];
  const crm = new Map(history.crm.map((record) => [record.ref, record]));
  const mirror = new Map(history.mirror.map((record) => [record.ref, record]));

  for (const record of history.crm) {
    const mirrored = mirror.get(record.ref);
    if (mirrored === undefined) {
      // What was created and deleted between two looks was never seen, and need not have been.
      if (!record.deleted) missing.push(`mirror lacks ${record.ref}`);
      continue;
    }
    if (mirrored.deleted !== record.deleted) {
      (record.deleted ? extra : missing).push(
        `${record.ref} is ${record.deleted ? 'deleted' : 'alive'} in the CRM and ${mirrored.deleted ? 'deleted' : 'alive'} in the mirror`,
      );
    }
    if (record.deleted) continue;
    for (const [name, value] of Object.entries(record.fields)) {
      if (mirrored.fields[name] === undefined) missing.push(`${record.ref} ${name}: the mirror has no value`);
      else if (mirrored.fields[name] !== value) missing.push(`${record.ref} ${name}: the mirror has an old value`);
    }
  }
  for (const record of history.mirror) {
    // HubSpot's merge leaves nothing of the records that went but their ids, which find the survivor.
    if (record.deleted && record.mergedInto !== undefined) continue;
    if (!crm.has(record.ref)) extra.push(`mirror has ${record.ref}, which the CRM does not`);
  }

  const changes = new Map<string, Map<number, string>>();
  const states = new Map<string, { version: number; contentHash: string; deleted: boolean }>();
  const told = new Map<string, { version: number; members: string[] }>();
  for (const event of history.events) {
    if (event.topic === topics.recordChanged.name) {
      const { data } = decodeEvent(topics.recordChanged, event);
      if (data?.record === undefined) continue;
      const ref = formatRecordRef(data.record);
      const versions = changes.get(ref) ?? new Map<number, string>();
      if (versions.has(data.version)) extra.push(`change ${data.version} of ${ref} was published as two events`);
      versions.set(data.version, data.contentHash);
      changes.set(ref, versions);
    } else if (event.topic === topics.recordState.name) {
      const { data } = decodeEvent(topics.recordState, event);
      if (data?.record === undefined) continue;
      const ref = formatRecordRef(data.record);
      const known = states.get(ref);
      if (known === undefined || known.version < data.version) {
        states.set(ref, { version: data.version, contentHash: data.contentHash, deleted: data.deleted });
      }
    } else if (event.topic === topics.clusterChanged.name) {
      const { data } = decodeEvent(topics.clusterChanged, event);
      if (data === null) continue;
      const known = told.get(data.goldenId);
      if (known === undefined || known.version < data.version) {
        told.set(data.goldenId, {
          version: data.version,
          members: data.members.map((member) => formatRecordRef(member.record as NonNullable<typeof member.record>)),
        });
      }
    }
  }

  for (const record of history.mirror) {
    const versions = changes.get(record.ref) ?? new Map<number, string>();
    for (let version = 1; version <= record.version; version += 1) {
      if (!versions.has(version)) missing.push(`change ${version} of ${record.ref} was never published`);
    }
    for (const version of versions.keys()) {
      if (version > record.version) extra.push(`change ${version} of ${record.ref} is beyond the mirror`);
    }
    const state = states.get(record.ref);
    if (state === undefined) missing.push(`state of ${record.ref} was never published`);
    else if (state.version !== record.version || state.deleted !== record.deleted) {
      missing.push(`state of ${record.ref} ends at version ${state.version}, the mirror is at ${record.version}`);
    } else if (!record.deleted && state.contentHash !== record.contentHash) {
      missing.push(`state of ${record.ref} has another content than the mirror`);
    }
  }
  for (const ref of changes.keys()) {
    if (!mirror.has(ref)) extra.push(`changes of ${ref} were published, which the mirror does not have`);
  }

  const clusterOf = new Map<string, string>();
  for (const cluster of history.clusters) {
    for (const member of cluster.members) {
      if (clusterOf.has(member)) extra.push(`${member} is in two clusters`);
      clusterOf.set(member, cluster.goldenId);
      const record = mirror.get(member);
      if (record === undefined || record.deleted) extra.push(`${member} is clustered and not alive`);
    }
    const last = told.get(cluster.goldenId);
    if (last === undefined) missing.push(`cluster ${cluster.goldenId} was never published`);
    else if (digest(last.members) !== digest(cluster.members)) {
      missing.push(`cluster ${cluster.goldenId} has other members than its last event said`);
    }
  }
  for (const record of history.mirror) {
    if (!record.deleted && history.isMatched(record.ref.split(':')[2] ?? '') && !clusterOf.has(record.ref)) {
      missing.push(`${record.ref} is in no cluster`);
    }
  }

  return {
    missing,
    extra,
    checked: {
      crmRecords: history.crm.length,
      mirrorRecords: history.mirror.length,
      changes: [...changes.values()].reduce((sum, versions) => sum + versions.size, 0),
      states: states.size,
      clusters: history.clusters.length,
    },
  };
}

function digest(refs: readonly string[]): string {
  return createHash('sha256').update(refs.toSorted().join('\n')).digest('hex');
}
