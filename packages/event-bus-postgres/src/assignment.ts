export interface AssignableMember {
  readonly memberId: string;
  readonly topicIds: ReadonlySet<number>;
}

export interface AssignablePartition {
  readonly topicId: number;
  readonly partition: number;
  /** The member that has it or is to get it. Kept where fairness allows, since every move costs a pause. */
  readonly holder: string | null;
}

/**
 * Shares partitions out: of each topic every reader gets as many as any other, give or take one, and those odd ones go
 * to whoever has the fewest so far. The same input gives the same result. The answer runs parallel to `partitions`;
 * `null` where nobody reads the topic.
 */
export function assignPartitions(
  partitions: readonly AssignablePartition[],
  members: readonly AssignableMember[],
): readonly (string | null)[] {
  const assigned: (string | null)[] = partitions.map(() => null);
  const totals = new Map(members.map(({ memberId }) => [memberId, 0]));
  const byTopic = Map.groupBy(partitions.keys(), (index) => partitions[index]?.topicId ?? 0);
  for (const [topicId, indexes] of [...byTopic].sort(([a], [b]) => a - b)) {
    const readers = members.filter(({ topicIds }) => topicIds.has(topicId)).map(({ memberId }) => memberId);
    if (readers.length === 0) continue;
    const held = new Map(readers.map((reader) => [reader, 0]));
    for (const index of indexes) {
      const holder = partitions[index]?.holder ?? '';
      if (held.has(holder)) held.set(holder, (held.get(holder) ?? 0) + 1);
    }
    readers.sort(
      (a, b) =>
        (totals.get(a) ?? 0) - (totals.get(b) ?? 0) || (held.get(b) ?? 0) - (held.get(a) ?? 0) || (a < b ? -1 : 1),
    );
    const share = Math.floor(indexes.length / readers.length);
    const odd = indexes.length % readers.length;
    const room = new Map(readers.map((reader, rank) => [reader, share + (rank < odd ? 1 : 0)]));
    const give = (index: number, reader: string): void => {
      assigned[index] = reader;
      room.set(reader, (room.get(reader) ?? 0) - 1);
      totals.set(reader, (totals.get(reader) ?? 0) + 1);
    };
    for (const index of indexes) {
      const holder = partitions[index]?.holder ?? '';
      if ((room.get(holder) ?? 0) > 0) give(index, holder);
    }
    for (const index of indexes) {
      if (assigned[index] !== null) continue;
      const reader = readers.find((candidate) => (room.get(candidate) ?? 0) > 0);
      if (reader !== undefined) give(index, reader);
    }
  }
  return assigned;
}
