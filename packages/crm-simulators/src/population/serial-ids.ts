import type { Random } from '../random.ts';
import type { RecordTimes } from './timeline.ts';

/**
 * Gives records ids in order of creation, with gaps, as both CRMs do. Records of one moment come in the order given,
 * which is random: ids say when a record was made and nothing else.
 */
export function assignSerials<T extends RecordTimes>(
  records: readonly T[],
  random: Random,
  first: number,
  maxGap: number,
): { readonly record: T; readonly serial: number }[] {
  let serial = first;
  return [...records]
    .sort((left, right) => left.createdAt - right.createdAt)
    .map((record) => {
      serial += random.integer(1, maxGap);
      return { record, serial };
    });
}
