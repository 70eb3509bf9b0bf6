import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { type CsvRecord, CsvRecords, UnusualCsvError } from './csv-records.ts';

function read(pieces: readonly string[]): CsvRecord[] {
  const records = new CsvRecords(',');
  return [...pieces.flatMap((piece) => records.add(piece)), ...records.end()];
}

function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((to, index) => text.slice(at[index], to));
}

const piece = fc.constantFrom('a', 'b c', '"', '""', ',', '\n', '\r\n', '\r', '"x,\n"', '"a""b"', ' ', 'é');
const text = fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(''));
const places = fc.array(fc.nat(60), { maxLength: 4 });

describe('the quick reader', () => {
  test('reads what the careful one reads, wherever the text is cut, or says that it cannot', () => {
    let understood = 0;
    fc.assert(
      fc.property(text, places, (whole, cuts) => {
        let found: CsvRecord[];
        try {
          found = read(cut(whole, cuts));
        } catch (error) {
          expect(error).toBeInstanceOf(UnusualCsvError);
          return;
        }
        understood += 1;
        const options = { relax_column_count: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n', '\r'] };
        expect(found.map(({ values }) => values)).toEqual(parse(whole, options));
      }),
      { numRuns: 3000, seed: 11 },
    );
    expect(understood).toBeGreaterThan(300);
  });

  test('numbers the lines that records end in', () => {
    expect(read(['a,b\r\n\r\n"x\r', '\ny",2\n', '3,4'])).toEqual([
      { line: 1, values: ['a', 'b'] },
      { line: 4, values: ['x\r\ny', '2'] },
      { line: 5, values: ['3', '4'] },
    ]);
  });
});
