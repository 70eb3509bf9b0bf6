import type { EntityKind } from './entity-kind.ts';
import { createKindMemory, type KindMemory } from './kind-memory.ts';

/** What this process remembers of each kind of each tenant. */
export interface KindMemories {
  of(tenantId: string, kind: EntityKind): KindMemory;
}

/** Room for so many blocks of 80 bytes a record: the 26 keys of a person take about four. */
const blocksPerRecord = 5;

/**
 * @param recordsMax the key tables of about so many records are kept in all; where several kinds and tenants are too much together, what was
 * not asked for longest goes first
 */
export function createKindMemories(recordsMax: number): KindMemories {
  const blocksMax = recordsMax * blocksPerRecord;
  const memories = new Map<string, KindMemory>();
  return {
    of(tenantId, kind) {
      const name = `${tenantId}\n${kind}`;
      const memory = memories.get(name) ?? createKindMemory(blocksMax);
      memories.delete(name);
      memories.set(name, memory);
      let blocks = [...memories.values()].reduce((sum, kept) => sum + kept.blocks, 0);
      for (const other of memories.values()) {
        if (blocks <= blocksMax) break;
        if (other === memory) continue;
        blocks -= other.blocks;
        other.release();
      }
      return memory;
    },
  };
}
