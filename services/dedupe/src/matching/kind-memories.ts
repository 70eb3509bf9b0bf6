import type { EntityKind } from './entity-kind.ts';
import { createKindMemory, type KindMemory } from './kind-memory.ts';

/** What this process remembers of each kind of each tenant. */
export interface KindMemories {
  of(tenantId: string, kind: EntityKind): KindMemory;
  /** Whether more would push out what is there. */
  areFull(): boolean;
}

/** From this share on nothing is read in only to be ready. */
const nearlyFull = 0.99;

/** Room for so many blocks of 80 bytes a record: the 26 keys of a person take about four. */
const blocksPerRecord = 5;

/**
 * @param recordsMax the key tables of about so many records are kept in all; where several kinds and tenants are too much together, what was
 * not asked for longest goes first
 */
export function createKindMemories(recordsMax: number): KindMemories {
  const blocksMax = recordsMax * blocksPerRecord;
  const memories = new Map<string, KindMemory>();
  const blocksOfAll = (): number => [...memories.values()].reduce((sum, { blocks }) => sum + blocks, 0);
  return {
    areFull: () => blocksOfAll() >= blocksMax * nearlyFull,
    of(tenantId, kind) {
      const name = `${tenantId}\n${kind}`;
      const memory = memories.get(name) ?? createKindMemory(blocksMax);
      memories.delete(name);
      memories.set(name, memory);
      let blocks = blocksOfAll();
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
