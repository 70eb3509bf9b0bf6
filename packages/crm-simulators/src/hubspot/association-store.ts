import { associationType, defaultAssociationType } from './association-types.ts';

export interface Link {
  readonly toId: string;
  readonly typeId: number;
}

/** The associations of a portal. Both directions are kept in step. */
export interface AssociationStore {
  /** Links of a record to records of another object, in the order they were made. */
  links(from: string, fromId: string, to: string): readonly Link[];
  /** The first linked id under a type, or null. */
  firstOf(from: string, fromId: string, typeId: number): string | null;
  /** Adds a link and its inverse; a labelled link brings the unlabelled one with it. */
  add(from: string, fromId: string, link: { readonly to: string } & Link): void;
  /** Removes every link between two records, or only those of one type. */
  remove(
    from: string,
    fromId: string,
    other: { readonly to: string; readonly toId: string; readonly typeId?: number },
  ): boolean;
  /** Every link of a record. */
  all(from: string, fromId: string): readonly ({ readonly to: string } & Link)[];
  /** Removes every link of a record. */
  clear(from: string, fromId: string): void;
}

export function createAssociationStore(): AssociationStore {
  // For each pair of objects: record id -> target id, type id, target id, type id, ...
  const pairs = new Map<string, { from: string; to: string; links: Map<string, (string | number)[]> }>();

  const pair = (from: string, to: string) => {
    const key = `${from}>${to}`;
    let found = pairs.get(key);
    if (found === undefined) {
      found = { from, to, links: new Map() };
      pairs.set(key, found);
    }
    return found;
  };
  const unpack = (packed: readonly (string | number)[] | undefined): Link[] => {
    const links: Link[] = [];
    for (let i = 0; packed !== undefined && i < packed.length; i += 2) {
      links.push({ toId: packed[i] as string, typeId: packed[i + 1] as number });
    }
    return links;
  };
  const has = (packed: readonly (string | number)[] | undefined, toId: string, typeId: number): boolean => {
    for (let i = 0; packed !== undefined && i < packed.length; i += 2) {
      if (packed[i] === toId && packed[i + 1] === typeId) return true;
    }
    return false;
  };
  const addOne = (from: string, fromId: string, to: string, link: Link): void => {
    const { links } = pair(from, to);
    const packed = links.get(fromId);
    if (packed === undefined) links.set(fromId, [link.toId, link.typeId]);
    else if (!has(packed, link.toId, link.typeId)) packed.push(link.toId, link.typeId);
  };
  const removeOne = (
    from: string,
    fromId: string,
    to: string,
    match: { toId: string; typeId: number | null },
  ): boolean => {
    const { links } = pair(from, to);
    const packed = links.get(fromId);
    if (packed === undefined) return false;
    const kept = unpack(packed).filter(
      (link) => link.toId !== match.toId || (match.typeId !== null && link.typeId !== match.typeId),
    );
    if (kept.length === 0) links.delete(fromId);
    else
      links.set(
        fromId,
        kept.flatMap((link) => [link.toId, link.typeId]),
      );
    return kept.length * 2 < packed.length;
  };

  const store: AssociationStore = {
    links: (from, fromId, to) => unpack(pairs.get(`${from}>${to}`)?.links.get(fromId)),
    firstOf(from, fromId, typeId) {
      const type = associationType(typeId);
      if (type === undefined) return null;
      const packed = pairs.get(`${from}>${type.to}`)?.links.get(fromId);
      for (let i = 0; packed !== undefined && i < packed.length; i += 2) {
        if (packed[i + 1] === typeId) return packed[i] as string;
      }
      return null;
    },
    add(from, fromId, link) {
      const type = associationType(link.typeId);
      if (type === undefined || type.from !== from || type.to !== link.to) {
        throw new RangeError(`Association type ${link.typeId} does not lead from ${from} to ${link.to}.`);
      }
      const plain = defaultAssociationType(from, link.to);
      for (const each of plain === undefined || plain.typeId === type.typeId ? [type] : [type, plain]) {
        addOne(from, fromId, link.to, { toId: link.toId, typeId: each.typeId });
        addOne(link.to, link.toId, from, { toId: fromId, typeId: each.inverse });
      }
    },
    remove(from, fromId, { to, toId, typeId }) {
      const inverse = typeId === undefined ? null : (associationType(typeId)?.inverse ?? null);
      removeOne(to, toId, from, { toId: fromId, typeId: inverse });
      return removeOne(from, fromId, to, { toId, typeId: typeId ?? null });
    },
    all(from, fromId) {
      const found: ({ to: string } & Link)[] = [];
      for (const entry of pairs.values()) {
        if (entry.from !== from) continue;
        for (const link of unpack(entry.links.get(fromId))) found.push({ to: entry.to, ...link });
      }
      return found;
    },
    clear(from, fromId) {
      for (const { to, toId } of store.all(from, fromId)) store.remove(from, fromId, { to, toId });
    },
  };
  return store;
}
