import type { Lane } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import type { CrmRecord } from '../crm/crm-client.ts';
import { changedFieldNames } from '../schema/field-value.ts';
import type { CanonicalRecord } from './canonical-record.ts';
import { contentHash } from './content-hash.ts';
import type { CompiledFieldMap } from './field-map.ts';
import { lockEntries, type MirrorRow, type MirrorScope, readFields, writeRows } from './mirror-store.ts';
import {
  absorbedRecords,
  type ChangeKind,
  decideChange,
  type HashedRecord,
  newestReadings,
  type RecordChange,
} from './record-change.ts';
import type { ChangeToTell, Origin, RecordEvents } from './record-events.ts';

export interface AppliedPage {
  /** Records that the mirror did not have before. */
  readonly added: number;
  readonly changes: Readonly<Partial<Record<ChangeKind, number>>>;
  readonly changed: number;
  /** When each record that changed did so, as its CRM says. */
  readonly changedAtMs: readonly number[];
}

export interface PageToApply extends MirrorScope {
  readonly records: readonly CrmRecord[];
  readonly fieldMap: CompiledFieldMap | null;
  readonly origin: Origin;
  readonly lane: Lane;
}

export interface Mirror {
  /**
   * Brings the mirror up to a page of readings and appends the events of what changed, in the caller's transaction.
   * Readings that tell nothing new or are older than the mirror change nothing. Applying a page twice changes nothing.
   */
  apply(tx: Transaction, page: PageToApply): Promise<AppliedPage>;
}

/** A reading with the texts that its hashes were taken from. */
interface PreparedRecord extends HashedRecord {
  readonly fieldsJson: string;
  readonly canonical: CanonicalRecord | null;
  readonly canonicalJson: string;
}

const canonicalText = (canonical: CanonicalRecord | null): string =>
  canonical === null ? 'null' : JSON.stringify({ [canonical.entity]: canonical.fields });

function prepare(record: CrmRecord, account: string, fieldMap: CompiledFieldMap | null): PreparedRecord {
  const fieldsJson = JSON.stringify(record.fields);
  const canonical = fieldMap?.project(account, record.fields) ?? null;
  const canonicalJson = canonicalText(canonical);
  return {
    ...record,
    fieldsJson,
    contentHash: contentHash(fieldsJson),
    canonical,
    canonicalJson,
    // Only told apart from others, never shown: a few characters do.
    projectionHash: contentHash(canonicalJson).slice(0, 16),
  };
}

export function createMirror(options: { readonly events: RecordEvents }): Mirror {
  return {
    async apply(tx, page) {
      const { tenantId } = tx;
      if (tenantId === null) throw new Error('The mirror is written in a transaction of a tenant.');
      const scope: MirrorScope = { account: page.account, object: page.object };
      const readings = newestReadings(page.records);
      const absorbedIds = readings.flatMap((record) => record.mergedFrom);
      const ids = [...new Set([...readings.map((record) => record.recordId), ...absorbedIds])].sort();
      const known = await lockEntries(tx, scope, ids);
      const absorbed = readings.flatMap((record) => absorbedRecords(record, known));
      const prepared = newestReadings([...readings, ...absorbed]).map((record) =>
        prepare(record, page.account, page.fieldMap),
      );

      const decided = prepared.flatMap((record): { record: PreparedRecord; change: RecordChange }[] => {
        const change = decideChange(known.get(record.recordId), record);
        return change === null ? [] : [{ record, change }];
      });
      const before = await readFields(
        tx,
        scope,
        decided
          .filter(({ change }) => change.kind === 'updated' || change.kind === 'restored')
          .map(({ change }) => change.recordId),
      );

      const rows: MirrorRow[] = [];
      const told: ChangeToTell[] = [];
      const changes: Partial<Record<ChangeKind, number>> = {};
      for (const { record, change } of decided) {
        const entry = known.get(record.recordId);
        // A deleted record keeps what it held when it was last seen alive.
        const keepsContent = record.deleted && entry !== undefined;
        rows.push({
          recordId: record.recordId,
          version: change.version,
          modifiedAtMs: change.modifiedAtMs,
          modifiedBy: record.modifiedBy,
          contentHash: keepsContent ? entry.contentHash : record.contentHash,
          projectionHash: keepsContent ? entry.projectionHash : record.projectionHash,
          fieldsJson: keepsContent ? null : record.fieldsJson,
          canonicalJson: keepsContent ? null : record.canonicalJson,
          deleted: record.deleted,
          mergedInto: record.deleted ? record.mergedInto : null,
        });
        told.push({
          ...scope,
          change,
          origin: page.origin,
          modifiedBy: record.modifiedBy,
          content: record.deleted
            ? null
            : {
                fields: record.fields,
                changedFields:
                  entry === undefined ? [] : changedFieldNames(before.get(record.recordId) ?? {}, record.fields),
                canonical: record.canonical,
                contentHash: record.contentHash,
              },
          mergedInto: record.mergedInto,
        });
        changes[change.kind] = (changes[change.kind] ?? 0) + 1;
      }
      await writeRows(tx, scope, rows);
      const events = told.flatMap((one) => options.events.of(tenantId, one));
      if (events.length > 0) await appendToOutbox(tx, events, { lane: page.lane });
      return {
        added: decided.filter(({ change }) => change.version === 1).length,
        changes,
        changed: decided.length,
        changedAtMs: decided.map(({ change }) => change.modifiedAtMs),
      };
    },
  };
}
