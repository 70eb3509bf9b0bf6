import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { sniffDelimiter } from './delimiter.ts';
import { csvText } from './output-file.ts';
import { exactDecimals } from './parquet-decimal.ts';
import { openTable, type TableRow } from './table.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kempt-cli-table-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function rowsOf(name: string, content: string | Uint8Array): Promise<TableRow[]> {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return Readable.from((await openTable(file)).rows()).toArray();
}

async function fieldsOf(name: string, content: string | Uint8Array): Promise<unknown[]> {
  return (await rowsOf(name, content)).map(({ fields }) => fields);
}

describe('CSV', () => {
  test('a byte order mark, CRLF, quotes, line breaks in quotes and empty lines are understood', async () => {
    const rows = await rowsOf('a.csv', '\ufeffid,"name, full"\r\n1,"Ann ""A""\r\nLee"\r\n\r\n2,\r\n');
    expect(rows).toEqual([
      { line: 3, fields: { id: '1', 'name, full': 'Ann "A"\r\nLee' } },
      { line: 5, fields: { id: '2', 'name, full': '' } },
    ]);
  });

  test.each([
    [',', 'a,b\n1,"x;y;z"\n2,"p;q;r"\n'],
    [';', 'a;b\n1,5;2\n3,5;"4,1"\n'],
    ['\t', 'a\tb\n1, 2\t3\n'],
    ['|', 'a|b|c\n1,2|"|"|3\n'],
    [',', 'alone\nx;y\n'],
  ])('the delimiter %j is found out', (delimiter, text) => {
    expect(sniffDelimiter(text)).toBe(delimiter);
  });

  test('what was written is what is read, whatever the values hold', async () => {
    const value = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !/[\ud800-\udfff]/.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }), async (rows) => {
        const text = Buffer.concat((await Readable.from(csvText(['a', 'b'], rows)).toArray()) as Buffer[]).toString(
          'utf8',
        );
        expect(await fieldsOf('round.csv', text)).toEqual(rows.map(([a, b]) => ({ a, b })));
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test.each([
    ['too many values', 'a,b\n1,2\n1,2,3\n', /bad\.csv, line 3, column 3: the row has 3 values and the header names 2/],
    ['a column name that stands twice', 'a,b,a\n1,2,3\n', /line 1, column a: two columns have this name; rename/],
    ['a quote that is never closed', 'a,b\n1,"2\n', /line \d+.*: a quote is opened and never closed; close it/],
    ['a quote in the middle of a value', 'a,b\n1,x"y"\n', /line 2.*: a quote stands where none may stand/],
    ['no header', '', /bad\.csv: the file is empty; its first line must name the columns/],
    [
      'bytes that are not UTF-8',
      Buffer.from('a,b\n1,caf\xe9\n', 'latin1'),
      /line 2, column 6: the text is not UTF-8; save the file as UTF-8/,
    ],
  ])('%s is refused with place and remedy', async (_, content, message) => {
    await expect(rowsOf('bad.csv', content)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });
});

describe('NDJSON', () => {
  test('numbers keep their digits, lists stay lists, inner objects get names with dots', async () => {
    const text =
      '{"id":12345678901234567890,"ok":true,"none":null,"empty":[],"mails":["a@x.org","b@x.org"]}\n\n{"id":1.50,"at":[{"city":"Rom"},{"city":"Bari"}]}';
    expect(await rowsOf('a.ndjson', text)).toEqual([
      {
        line: 1,
        fields: { id: '12345678901234567890', ok: 'true', none: null, empty: [], mails: ['a@x.org', 'b@x.org'] },
      },
      { line: 3, fields: { id: '1.50', 'at.city': ['Rom', 'Bari'] } },
    ]);
  });

  test.each([
    ['a line that is cut off', '{"a":1}\n{"a":\n', /line 2.*: the line is not JSON; every line must be one whole/],
    ['a list', '[{"a":1}]\n', /line 1, column 1: the line is no JSON object; write one object a line/],
  ])('%s is refused with place and remedy', async (_, content, message) => {
    await expect(rowsOf('bad.jsonl', content)).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });
});

describe('Parquet', () => {
  const parquet = (codec: 'SNAPPY' | 'UNCOMPRESSED'): Uint8Array =>
    new Uint8Array(
      parquetWriteBuffer({
        codec,
        rowGroupSize: 2,
        columnData: [
          { name: 'id', data: [1, 2, 3], type: 'INT32' },
          { name: 'name', data: ['Zoë', null, 'x'], type: 'STRING' },
          {
            name: 'born',
            data: [new Date('1980-05-01T00:00:00Z'), new Date('1980-05-01T10:00:00Z'), null],
            type: 'TIMESTAMP',
          },
        ],
      }),
    );

  test.each(['SNAPPY', 'UNCOMPRESSED'] as const)('values become texts, row group by row group (%s)', async (codec) => {
    expect(await rowsOf('a.parquet', parquet(codec))).toEqual([
      { line: 1, fields: { id: '1', name: 'Zoë', born: '1980-05-01' } },
      { line: 2, fields: { id: '2', name: null, born: '1980-05-01T10:00:00.000Z' } },
      { line: 3, fields: { id: '3', name: 'x', born: null } },
    ]);
  });

  test('decimals keep every digit', async () => {
    const short: SchemaElement = { name: 'short', type: 'INT32', converted_type: 'DECIMAL', precision: 9, scale: 1 };
    const root: SchemaElement = { name: 'root', num_children: 1 };
    const content = parquetWriteBuffer({
      schema: [root, { ...short, repetition_type: 'OPTIONAL' }],
      columnData: [{ name: 'short', data: [12.1, -0.5, 3, null] }],
    });
    expect(await fieldsOf('d.parquet', new Uint8Array(content))).toEqual(
      ['12.1', '-0.5', '3', null].map((value) => ({ short: value })),
    );

    const long: SchemaElement = { name: 'long', type: 'FIXED_LEN_BYTE_ARRAY', converted_type: 'DECIMAL', scale: 2 };
    const file = { version: 1, schema: [root, long], num_rows: 0n, row_groups: [], metadata_length: 0 };
    const write = exactDecimals(file).writers.get('long');
    const bytes = (value: bigint): Uint8Array =>
      Buffer.from(BigInt.asUintN(96, value).toString(16).padStart(24, '0'), 'hex');
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }), (whole) => {
        const [units = '', cents = ''] = (write?.(bytes(whole)) ?? '').split('.');
        expect(BigInt(units + cents.padEnd(2, '0'))).toBe(whole);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  test('a file that is cut off is refused with the remedy', async () => {
    await expect(rowsOf('cut.parquet', parquet('SNAPPY').subarray(0, 60))).rejects.toMatchObject({
      message: expect.stringMatching(/cut\.parquet, row 1: the file cannot be read as Parquet \(.*\); write it again/),
    });
  });
});

test('a name without a telling ending is read by its content', async () => {
  expect(await fieldsOf('export', '{"a":"1"}\n')).toEqual([{ a: '1' }]);
  expect(await fieldsOf('export.txt', 'a;b\n1;2\n')).toEqual([{ a: '1', b: '2' }]);
  await expect(openTable(path.join(folder, 'missing.csv'))).rejects.toMatchObject({
    code: 'file-unreadable',
    exitCode: 2,
    message: expect.stringContaining('missing.csv: the file cannot be read (ENOENT); check'),
  });
  await expect(openTable(folder)).rejects.toMatchObject({ code: 'not-a-file' });
});
