export const delimiters = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof delimiters)[number];

const mostRecords = 50;

/**
 * The delimiter that cuts the records at the beginning of a text most evenly: the one with which most records have as many values as the
 * first one; of equals the one that makes more columns. A comma where no delimiter occurs in the first record.
 */
export function sniffDelimiter(head: string): Delimiter {
  let best: Delimiter = ',';
  let bestScore = 0;
  for (const delimiter of delimiters) {
    const counts = valueCounts(head, delimiter);
    const first = counts[0] ?? 1;
    if (first < 2) continue;
    const score = counts.filter((count) => count === first).length / counts.length + Math.min(first, 1000) / 1e6;
    if (score > bestScore) {
      best = delimiter;
      bestScore = score;
    }
  }
  return best;
}

/** Values per record; quotes are heeded where they open a value. The last record may be cut off and does not count, unless it is alone. */
function valueCounts(text: string, delimiter: Delimiter): number[] {
  const counts: number[] = [];
  let values = 1;
  let isQuoted = false;
  let atStart = true;
  let isEmpty = true;
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length && counts.length < mostRecords; at += 1) {
    const char = text[at] as string;
    if (isQuoted) {
      if (char !== '"') continue;
      if (text[at + 1] === '"') at += 1;
      else isQuoted = false;
    } else if (char === '\n' || char === '\r') {
      if (!isEmpty) counts.push(values);
      values = 1;
      atStart = true;
      isEmpty = true;
    } else if (char === delimiter) {
      values += 1;
      atStart = true;
      isEmpty = false;
    } else {
      if (char === '"' && atStart) isQuoted = true;
      atStart = char === ' ' && atStart;
      isEmpty = false;
    }
  }
  if (counts.length === 0 && !isEmpty) counts.push(values);
  return counts;
}
