import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CsvPiece, rowsOfPiece } from './csv-pieces.ts';
import { UnusualCsvError } from './csv-records.ts';
import { scanCsv } from './csv-scan.ts';
import { openTable } from './table.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kempt-cli-pieces-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function put(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

async function scan(file: string): Promise<{ pieces: CsvPiece[]; seen: unknown[] }> {
  const pieces: CsvPiece[] = [];
  const seen: unknown[] = [];
  for await (const { piece, rows } of scanCsv(file)) {
    if (piece.rows > 0) pieces.push(piece);
    for (const row of rows) seen.push({ line: row.line, fields: row.fields(), second: row.valueOf('name') });
  }
  return { pieces, seen };
}

const values = ['a', '', 'é', '日本', '"x, y"', '"a ""b"""', '"two\nlines"', '😀', 'plain value', '"r\r\nn"'];

function texts(end: string): string {
  const lines = ['id,name,note'];
  for (let row = 0; row < 60_000; row += 1)
    lines.push(`${row},${values[row % values.length]},${values[(row * 7 + 3) % values.length]}`);
  return lines.join(end);
}

test.each([
  ['line feeds', texts('\n')],
  ['carriage returns and a last line break', `${texts('\r\n')}\r\n`],
  ['a byte order mark and empty lines', `\ufeff${texts('\n\n')}`],
])('pieces hold the rows that the whole file has: %s', async (name, text) => {
  const file = put(`${name}.csv`, text);
  const expected = await Readable.from((await openTable(file)).rows()).toArray();
  const { pieces, seen } = await scan(file);
  expect(pieces.length).toBeGreaterThan(3);
  expect(seen).toEqual(expected.map(({ line, fields }) => ({ line, fields, second: fields.name })));
  const found = pieces.toReversed().flatMap((piece) => [...(rowsOfPiece(piece) ?? [])].toReversed());
  expect(found.toReversed()).toEqual(expected.map(({ fields }) => Object.values(fields)));
  expect(pieces.map(({ before }) => before)).toEqual(
    pieces.map((_, at) => pieces.slice(0, at).reduce((sum, { rows }) => sum + rows, 0)),
  );
});

test('a small file is one piece, and one with a header alone has none', async () => {
  expect((await scan(put('small.csv', 'id;name\n1;x\n2;y\n'))).pieces).toMatchObject([{ rows: 2, before: 0, line: 3 }]);
  expect((await scan(put('header.csv', 'id,name\n'))).pieces).toEqual([]);
});

test('a piece of a file that has changed is refused', async () => {
  const file = put('changed.csv', 'id,name\n1,x\n2,y\n');
  const { pieces } = await scan(file);
  const [piece] = pieces as [CsvPiece];
  expect([...(rowsOfPiece(piece) ?? [])]).toHaveLength(2);
  writeFileSync(file, 'id,name\n1,x,2,y\n');
  expect(rowsOfPiece(piece)).toBeNull();
  truncateSync(file, 4);
  expect(rowsOfPiece(piece)).toBeNull();
  appendFileSync(file, 'ame\n1,"x\n2,y\n');
  expect(rowsOfPiece(piece)).toBeNull();
});

test.each([
  ['values differ in number', 'id,name\n1,x,y\n'],
  ['a quote inside a value', 'id,name\n1,x"y\n'],
  ['no header', '\n'],
  ['a quote that is never closed', 'id,name\n1,"x\n'],
  ['a value that goes on after its quote', 'id,name\n1,"x"y\n'],
  ['a carriage return alone', 'id,name\n1,x\ry\n'],
  ['a carriage return alone in quotes', 'id,name\n1,"x\ry"\n'],
  ['bytes that are not UTF-8', Buffer.of(105, 100, 10, 0xff, 10)],
  ['a column that no field can be called like', 'id,__proto__\n1,x\n'],
])('what the quick reader does not understand is refused: %s', async (name, text) => {
  await expect(scan(put(`${name}.csv`, text))).rejects.toBeInstanceOf(UnusualCsvError);
});

test('rows are found wherever the pieces end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 30_000 }), { minLength: 3, maxLength: 3 }), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      async (rows, end, endsOpen) => {
        const quoted = (value: string): string => `"${value.replaceAll(/\r(?!\n)/g, '').replaceAll('"', '""')}"`;
        const lines = ['id,name,note', ...rows.map((row) => row.map(quoted).join(','))];
        const file = put('arbitrary.csv', lines.join(end) + (endsOpen ? '' : end));
        const expected = await Readable.from((await openTable(file)).rows()).toArray();
        const { pieces, seen } = await scan(file);
        expect(seen).toEqual(expected.map(({ line, fields }) => ({ line, fields, second: fields.name })));
        expect(pieces.flatMap((piece) => [...(rowsOfPiece(piece) ?? [])])).toEqual(
          expected.map(({ fields }) => Object.values(fields)),
        );
      },
    ),
    { numRuns: 60 },
  );
});
