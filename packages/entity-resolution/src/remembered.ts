/**
 * The same function, with what it answered lately kept: names, places and employers come up again and again in a table. A full cache starts
 * over, so that its size stays bounded.
 */
export function remembered<T>(read: (text: string) => T, most = 30_000): (text: string) => T {
  const known = new Map<string, T>();
  all.push(known);
  return (text) => {
    // Long texts hardly repeat and would only take room.
    if (text.length > longest) return read(text);
    const before = known.get(text);
    if (before !== undefined) return before;
    const value = read(text);
    if (known.size >= most) known.clear();
    known.set(ownText(text), value);
    return value;
  };
}

const all: Map<string, unknown>[] = [];

/** Lets go of all answers: a large table has been read, and the next values will be others. */
export function forget(): void {
  for (const known of all) known.clear();
}

const longest = 80;
const codes: number[] = [];

/** The same text by itself: a part of a longer text would keep the whole of that in memory. */
function ownText(text: string): string {
  codes.length = text.length;
  for (let at = 0; at < text.length; at += 1) codes[at] = text.charCodeAt(at);
  return String.fromCharCode.apply(null, codes);
}
