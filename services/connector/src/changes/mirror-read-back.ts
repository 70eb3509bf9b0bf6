import type { Transaction } from '@kempt/postgres';
import type { Connection } from '../connections/connection.ts';
import type { CrmRecord } from '../crm/crm-client.ts';
import type { FieldMaps } from '../mirror/field-maps.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { ReadBack } from './examine-write.ts';

/** Brings what was read back after a write into the mirror, so that the next look for changes finds nothing new. */
export interface MirrorReadBack {
  save(tx: Transaction, connection: Connection, readBack: readonly ReadBack[]): Promise<void>;
}

export function createMirrorReadBack(options: {
  readonly mirror: Mirror;
  readonly fieldMaps: FieldMaps;
}): MirrorReadBack {
  return {
    async save(tx, connection, readBack) {
      const byObject = new Map<string, CrmRecord[]>();
      for (const { object, record } of readBack) {
        if (!connection.objects.includes(object)) continue;
        const { requestedId: _, ...read } = record;
        byObject.set(object, [...(byObject.get(object) ?? []), read]);
      }
      // In the same order everywhere, so that no two transactions wait for each other's rows.
      for (const object of [...byObject.keys()].sort()) {
        await options.mirror.apply(tx, {
          account: connection.account,
          object,
          records: byObject.get(object) ?? [],
          fieldMap: options.fieldMaps.of(connection.system, object),
          origin: 'change-set',
          lane: 'live',
        });
      }
    },
  };
}
