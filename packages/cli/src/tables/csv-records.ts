/** A record of an RFC 4180 text and the line that it ends in. */
export interface CsvRecord {
  readonly line: number;
  readonly values: readonly string[];
}

/** A record that may not have been cut into its values yet: a line without quotes, or the values of one with quotes. */
export type RawCsvRecord =
  | { readonly line: number; readonly text: string; readonly values: null }
  | { readonly line: number; readonly text: null; readonly values: readonly string[] };

/** The text is not what this reader understands; another one has to say what is wrong with it. */
export class UnusualCsvError extends Error {}

/**
 * Cuts a text that comes in pieces into records. Lines without quotes are cut at their delimiters; only values in quotes are read character by
 * character. Anything that RFC 4180 does not know is refused with UnusualCsvError.
 */
export class CsvRecords {
  readonly #delimiter: string;
  #text = '';
  #line = 0;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  /** The records that are whole once a further piece is there. */
  add(piece: string): CsvRecord[] {
    return this.addRaw(piece).map((record) => this.#cut(record));
  }

  /** What is left at the end of the text. */
  end(): CsvRecord[] {
    return this.endRaw().map((record) => this.#cut(record));
  }

  /** The same without cutting lines into their values; lines are parts of the pieces, which stay in memory with them. */
  addRaw(piece: string): RawCsvRecord[] {
    this.#text = this.#text === '' ? piece : this.#text + piece;
    return this.#take(false);
  }

  endRaw(): RawCsvRecord[] {
    return this.#take(true);
  }

  #cut({ line, text, values }: RawCsvRecord): CsvRecord {
    return { line, values: text === null ? values : ownText(text).split(this.#delimiter) };
  }

  #take(isEnd: boolean): RawCsvRecord[] {
    const text = this.#text;
    const records: RawCsvRecord[] = [];
    let at = 0;
    let quote = text.indexOf('"');
    let carriage = text.indexOf('\r');
    while (at < text.length) {
      if (quote >= 0 && quote < at) quote = text.indexOf('"', at);
      if (carriage >= 0 && carriage < at) carriage = text.indexOf('\r', at);
      const feed = text.indexOf('\n', at);
      if (feed < 0 && !isEnd) break;
      const to = feed < 0 ? text.length : feed;
      if (quote >= 0 && quote < to) {
        const next = this.#quoted(at, isEnd, records);
        if (next < 0) break;
        at = next;
        continue;
      }
      let end = to;
      if (carriage >= 0 && carriage < to) {
        if (carriage < to - 1 || feed < 0) throw new UnusualCsvError('a line ends in a carriage return alone');
        end = carriage;
      }
      this.#line += 1;
      if (end > at) records.push({ line: this.#line, text: text.slice(at, end), values: null });
      at = to + 1;
    }
    this.#text = text.slice(at);
    return records;
  }

  /** Reads one record with quotes from `from` on; answers where the next one begins, or -1 where the text ends inside it. */
  #quoted(from: number, isEnd: boolean, records: RawCsvRecord[]): number {
    const text = this.#text;
    const values: string[] = [];
    let lines = 1;
    let at = from;
    while (true) {
      let value: string;
      if (text[at] === '"') {
        value = '';
        let start = at + 1;
        while (true) {
          const close = text.indexOf('"', start);
          if (close < 0 || (close === text.length - 1 && !isEnd)) return this.#unfinished(isEnd);
          value += text.slice(start, close);
          at = close + 1;
          if (text[at] !== '"') break;
          value += '"';
          start = at + 1;
        }
        for (let feed = value.indexOf('\n'); feed >= 0; feed = value.indexOf('\n', feed + 1)) lines += 1;
        for (let alone = value.indexOf('\r'); alone >= 0; alone = value.indexOf('\r', alone + 1))
          if (value[alone + 1] !== '\n') throw new UnusualCsvError('a line in quotes ends in a carriage return alone');
      } else {
        const start = at;
        while (at < text.length && text[at] !== this.#delimiter && text[at] !== '\n' && text[at] !== '\r') {
          if (text[at] === '"') throw new UnusualCsvError('a quote stands inside a value');
          at += 1;
        }
        value = text.slice(start, at);
      }
      values.push(ownText(value));
      if (at >= text.length) {
        if (!isEnd) return -1;
        break;
      }
      if (text[at] === this.#delimiter) {
        at += 1;
        continue;
      }
      if (text[at] === '\n') break;
      if (text[at] !== '\r') throw new UnusualCsvError('a value goes on after its quote');
      if (at + 1 >= text.length && !isEnd) return -1;
      if (text[at + 1] !== '\n') throw new UnusualCsvError('a line ends in a carriage return alone');
      at += 1;
      break;
    }
    this.#line += lines;
    records.push({ line: this.#line, text: null, values });
    return at + 1;
  }

  #unfinished(isEnd: boolean): number {
    if (isEnd) throw new UnusualCsvError('a quote is never closed');
    return -1;
  }
}

/** The same text by itself: a part of a text keeps the whole of it in memory, and a value that somebody keeps would keep its piece of the file. */
export function ownText(part: string): string {
  return Buffer.from(part).toString();
}
