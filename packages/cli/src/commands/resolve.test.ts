import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { runCli } from '../cli.ts';
import { sourceNames } from './resolve-records.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kempt-cli-resolve-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => path.join(folder, name);
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};
const read = (name: string): string => readFileSync(at(name), 'utf8');

/** Runs the command without a key, a server or any setting. */
async function kempt(
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli({
    args,
    env: {},
    version: '1.2.3',
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readText: (file) => readFile(file, 'utf8'),
    ...(signal !== undefined && { signal }),
  });
  return { code, out, err };
}

interface Row {
  readonly id: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string;
  readonly phone: string;
  readonly city: string;
}

const firstNames = ['Ann', 'Bruno', 'Clara', 'David', 'Elena', 'Felix', 'Greta', 'Hugo', 'Irene', 'Jonas', 'Karin'];
const lastNames = ['Abbott', 'Brandt', 'Castelli', 'Dufour', 'Eriksen', 'Farkas', 'Gruber', 'Horvath', 'Ivanov'];
const cities = ['Rome', 'Lyon', 'Graz', 'Oslo', 'Bern'];

/** 120 persons; of the first 40 there is a second row with a misspelt name and the phone left out. */
const people: readonly Row[] = Array.from({ length: 160 }, (_, row) => {
  const person = row % 120;
  const first = firstNames[person % firstNames.length] as string;
  const last = `${lastNames[person % lastNames.length]}${String.fromCharCode(97 + (person % 26))}${String.fromCharCode(97 + ((person * 7) % 23))}`;
  const isAgain = row >= 120;
  return {
    id: `p${row}`,
    first_name: first,
    last_name: isAgain ? last.replace(/.(.)$/, '$1') : last,
    email: `${first}.${last}@mail${person}.example.org`.toLowerCase(),
    phone: isAgain ? '' : `+39 06 ${5_550_000 + person * 37}`,
    city: cities[person % cities.length] as string,
  };
});
const columns = ['id', 'first_name', 'last_name', 'email', 'phone', 'city'] as const;

function csv(rows: readonly Row[], delimiter = ','): string {
  return [columns.join(delimiter), ...rows.map((row) => columns.map((name) => row[name]).join(delimiter)), ''].join(
    '\n',
  );
}

function parquet(rows: readonly Row[]): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map((name) => ({ name, data: rows.map((row) => row[name]), type: 'STRING' as const })),
    }),
  );
}

const truth = `id,cluster_id\n${people.map(({ id }, row) => `${id},${row % 120}`).join('\n')}\n`;

describe('resolve', () => {
  test('zero configuration finds the duplicates, and the same input gives the same output', async () => {
    const file = put('people.csv', csv(people));
    const { code, out, err } = await kempt(['resolve', file, '--out', at('clusters.csv')]);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('people: 160 rows, ids from id\n');
    expect(err).toContain('compared: first_name (givenName), last_name (familyName), email (email), phone (phone)');
    expect(err).toMatch(
      /\nmodel \w+: learned from 160 records, about \d+ matching pairs, expected precision of links (0\.9\d\d|1\.000)\n/,
    );
    expect(err).toContain('levels with too few examples to learn from: ');
    const lines = read('clusters.csv').split('\n');
    expect(lines).toHaveLength(162);
    expect(lines.slice(0, 2)).toEqual([
      'source,id,cluster_id,probability',
      expect.stringMatching(/^people,p0,1,0\.\d+$|^people,p0,1,1$/),
    ]);
    await kempt(['resolve', file, '--out', at('again.csv')]);
    expect(read('again.csv')).toBe(read('clusters.csv'));
    const judged = await kempt(['--json', 'evaluate', at('clusters.csv'), put('truth.csv', truth)]);
    const scores = JSON.parse(judged.out) as Record<string, { precision: number; recall: number }>;
    expect(scores.clusterPair).toMatchObject({ precision: 1, recall: 1 });
    expect(scores).toMatchObject({ records: 160, notClustered: 0, notJudged: 0 });
  });

  test('the three formats say the same, linked files get their names as sources', async () => {
    const first = people.slice(0, 120);
    const second = people.slice(120);
    const outputs: string[] = [];
    const ndjson = (rows: readonly Row[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
    for (const [ending, write] of [
      ['csv', (rows: readonly Row[]) => csv(rows, ';')],
      ['ndjson', ndjson],
      ['parquet', parquet],
    ] as const) {
      const files = [put(`shop.${ending}`, write(first)), put(`fair.${ending}`, write(second))];
      expect(await kempt(['resolve', ...files, '--out', at('out.csv')])).toMatchObject({ code: 0 });
      outputs.push(read('out.csv'));
    }
    expect(outputs[1]).toBe(outputs[0]);
    expect(outputs[2]).toBe(outputs[0]);
    expect(outputs[0]).toMatch(/^fair,p120,1,/m);
    expect(outputs[0]).toMatch(/^shop,p0,1,/m);
  });

  test('a saved model gives the same clusters and scores pairs; explanations add up', async () => {
    const file = put('people.csv', csv(people));
    const first = [
      'resolve',
      file,
      '--out',
      at('a.csv'),
      '--save-model',
      at('model.json'),
      '--explain',
      at('why.ndjson'),
    ];
    expect(await kempt(first)).toMatchObject({ code: 0 });
    expect(await kempt(['resolve', file, '--out', at('b.csv'), '--model', at('model.json')])).toMatchObject({
      code: 0,
    });
    expect(read('b.csv')).toBe(read('a.csv'));

    interface PairLine {
      readonly kind: string;
      readonly left: object;
      readonly right: object;
      readonly joined: boolean;
      readonly summary: string;
      readonly prior: number;
      readonly weight: number;
      readonly probability: number;
      readonly rows: readonly { readonly weight: number; readonly termFrequencyWeight: number }[];
    }
    const lines = read('why.ndjson')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as PairLine);
    const explained = lines.filter(({ kind }) => kind === 'pair');
    const built = lines.filter(({ kind }) => kind === 'cluster') as unknown as {
      readonly members: readonly object[];
      readonly steps: readonly { readonly joined: boolean; readonly summary: string }[];
    }[];
    expect(built).toHaveLength(40);
    expect(built[0]?.members).toHaveLength(2);
    expect(built[0]?.steps[0]).toMatchObject({
      joined: true,
      summary: expect.stringMatching(/^people p0 and people p120 were joined: their pairs weigh \+\d/),
    });
    expect(read('why.ndjson')).not.toContain('traced');
    expect(explained[0]?.summary).toMatch(/^They match: .* They are compared because they share the e-mail address/);
    expect(explained.filter(({ joined }) => joined)).toHaveLength(40);
    for (const { prior, rows, weight } of explained) {
      expect(rows.reduce((sum, row) => sum + row.weight + row.termFrequencyWeight, prior)).toBe(weight);
    }

    const pairs = [people[0], people[120], people[0], people[1]] as [Row, Row, Row, Row];
    const head = ['left_', 'right_'].flatMap((side) => columns.map((name) => side + name)).join(',');
    const line = (left: Row, right: Row): string =>
      [left, right].flatMap((row) => columns.map((name) => row[name])).join(',');
    put('pairs.csv', [head, line(pairs[0], pairs[1]), line(pairs[2], pairs[3])].join('\n'));
    const compared = await kempt(['--json', 'compare', at('pairs.csv'), '--model', at('model.json')]);
    const { items } = JSON.parse(compared.out) as { items: { probability: number }[] };
    expect(items).toEqual([
      expect.objectContaining({ pair: 1, left_id: 'p0', right_id: 'p120', match: true }),
      expect.objectContaining({ pair: 2, left_id: 'p0', right_id: 'p1', match: false }),
    ]);
    const told = ['compare', at('pairs.csv'), '--model', at('model.json'), '--explain'];
    await kempt([...told, at('pairs.ndjson')]);
    const reasons = read('pairs.ndjson')
      .trim()
      .split('\n')
      .map((each) => JSON.parse(each) as PairLine & { readonly sharedKeys: readonly string[] });
    expect(reasons.map(({ joined }) => joined)).toEqual([true, false]);
    expect(reasons[1]?.sharedKeys).toEqual([]);
    expect(reasons[1]?.summary).toContain('They share no blocking key');
    await kempt([...told, at('pairs.html')]);
    expect(read('pairs.html').match(/<svg /g)).toHaveLength(2);
    const known = explained.find(
      ({ left, right }) =>
        JSON.stringify([left, right]).includes('"p0"') && JSON.stringify([left, right]).includes('"p120"'),
    );
    expect(items[0]?.probability).toBeCloseTo(known?.probability ?? -1, 6);
  });

  test('explanations come as a page of pictures to a file whose name ends with .html', async () => {
    const hostile = people.map((row) => (row.id === 'p0' ? { ...row, city: '<script>alert(1)</script>' } : row));
    const file = put('people.csv', csv(hostile));
    expect(await kempt(['resolve', file, '--out', at('a.csv'), '--explain', at('why.html')])).toMatchObject({
      code: 0,
    });
    const page = read('why.html');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page.match(/<svg /g)?.length).toBeGreaterThanOrEqual(80);
    expect(page).toContain('<h3>people p0 and people p120: joined</h3>');
    expect(page).toContain('How a cluster of 2 records was built');
    expect(page).not.toContain('<script>');
  });

  test('the outputs are the same bit for bit whatever the number of threads and who reads the files', async () => {
    const many = Array.from({ length: 40 }, (_, copy) =>
      people.map((row) => ({ ...row, id: `${row.id}-${copy}`, last_name: `${row.last_name}${'abcdefgh'[copy % 8]}` })),
    ).flat();
    const left = put('left.csv', csv(many.slice(0, 3_000)));
    const right = put('right.csv', csv(many.slice(3_000), ';'));
    const lines = put(
      'lines.ndjson',
      many
        .slice(0, 200)
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const resolved = async (name: string, ...args: string[]): Promise<readonly string[]> => {
      const { code, err } = await kempt(['resolve', ...args, '--out', at(name), '--save-model', at(`${name}.json`)]);
      expect({ code, err }).toMatchObject({ code: 0 });
      return [read(name), read(`${name}.json`)];
    };
    const alone = await resolved('one.csv', left, right, '--workers', '1');
    expect(await resolved('three.csv', left, right, '--workers', '3')).toEqual(alone);
    expect(await resolved('few.csv', left, right)).toEqual(alone);
    const mixed = await resolved('mixed-one.csv', left, lines, '--workers', '1');
    expect(await resolved('mixed-two.csv', left, lines, '--workers', '2')).toEqual(mixed);
    const explained = await resolved('why.csv', left, '--workers', '2', '--explain', at('why.ndjson'));
    expect(await resolved('plain.csv', left, '--workers', '2')).toEqual(explained);
    expect(await kempt(['resolve', left, '--out', at('x.csv'), '--workers', '0'])).toMatchObject({ code: 2 });
  });

  test('files that have nobody twice are linked, and two rows of one file are never joined', async () => {
    const left = put('left.csv', csv(people));
    const right = put('right.csv', csv(people.slice(0, 60)));
    expect(await kempt(['resolve', left, right, '--link', '--out', at('linked.csv')])).toMatchObject({ code: 0 });
    const members = Map.groupBy(read('linked.csv').trimEnd().split('\n').slice(1), (line) => line.split(',')[2]);
    const several = [...members.values()].filter(({ length }) => length > 1);
    expect(several.length).toBeGreaterThan(50);
    for (const lines of several) expect(lines.map((line) => line.split(',')[0])).toEqual(['left', 'right']);
    const alone = await kempt(['resolve', left, '--link', '--out', at('x.csv')]);
    expect(alone).toMatchObject({ code: 2, err: expect.stringContaining('nothing to be linked with') });
  });

  test('a declared schema and a named id column are followed; without an id rows are numbered', async () => {
    const renamed = csv(people).replace('id,first_name,last_name,email', 'k,a,b,c');
    const kinds = { a: 'givenName', b: 'familyName', c: 'email' };
    put(
      'schema.json',
      JSON.stringify({ entityKind: 'person', columns: Object.entries(kinds).map(([name, kind]) => ({ name, kind })) }),
    );
    const run = await kempt([
      'resolve',
      put('x.csv', renamed),
      '--out',
      at('o.csv'),
      '--schema',
      at('schema.json'),
      '--id',
      'k',
    ]);
    expect(run).toMatchObject({
      code: 0,
      err: expect.stringContaining('compared: a (givenName), b (familyName), c (email)\n'),
    });
    expect(read('o.csv')).toMatch(/^x,p120,1,/m);
    await kempt(['resolve', at('x.csv'), '--out', at('o.csv'), '--schema', at('schema.json')]);
    expect(read('o.csv')).toMatch(/^x,121,1,/m);
  });

  test('a stop ends the work and leaves no file behind', async () => {
    const stop = new AbortController();
    stop.abort(new Error('interrupted'));
    put('people.csv', csv(people));
    expect(await kempt(['resolve', at('people.csv'), '--out', at('o.csv')], stop.signal)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/kempt: interrupted\n$/),
    });
    expect(readdirSync(folder)).toEqual(['people.csv']);
  });

  test.each([
    [
      'an id that stands twice',
      'id,email\na,x@a.org\na,y@a.org\n',
      ['--id', 'id'],
      /people\.csv, line 3, column id: the id a stands in line 2, too/,
    ],
    [
      'an id column that is not there',
      'id,email\na,x@a.org\n',
      ['--id', 'key'],
      /people\.csv, line 2, column key: there is no such column/,
    ],
    ['no rows', 'id,email\n', [], /people\.csv: there are no rows/],
    ['nothing that is recognised', 'id,q\n1,2\n2,5\n', [], /people\.csv: no column is recognised; say with --schema/],
  ])('%s is refused with place and remedy, and nothing is written', async (_, content, flags, message) => {
    const run = await kempt(['resolve', put('people.csv', content), '--out', at('o.csv'), ...flags]);
    expect(run).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
    expect(readdirSync(folder)).toEqual(['people.csv']);
  });

  test('files that cannot be what they are named for are refused', async () => {
    const file = put('people.csv', csv(people));
    const out = ['--out', at('o.csv')];
    const cases: [string[], RegExp][] = [
      [['--out', file], /people\.csv: this file is already named; write to another one/],
      [
        [...out, '--model', put('m.json', '{"format":"kempt.match-model.v1"}')],
        /m\.json: the format is kempt\.match-model\.v1/,
      ],
      [
        [...out, '--model', put('n.json', '{"format":"kempt.match-model.v2","version":"x"}')],
        /n\.json: the model was changed/,
      ],
      [
        [...out, '--schema', put('s.json', '{"columns":[{"name":"email","kind":"mail"}]}')],
        /s\.json: column email has the unknown kind mail/,
      ],
      [
        [...out, '--schema', put('t.json', '{"columns":[{"name":"e","kind":"email"}]}')],
        /t\.json, column e: none of the input files/,
      ],
      [[...out, '--schema', put('u.json', '{')], /u\.json: this is not JSON/],
    ];
    for (const [flags, message] of cases) {
      expect(await kempt(['resolve', file, ...flags])).toMatchObject({ code: 2, err: expect.stringMatching(message) });
    }
    expect(read('people.csv')).toBe(csv(people));
    expect(readdirSync(folder)).not.toContain('o.csv');
  });

  test('one row alone, and values of every script and length, are no trouble', async () => {
    const odd = [
      'id,name,email',
      '1,😀 مرحبا \u0000,',
      `2,${'x'.repeat(200_000)},a@b.org`,
      '3,李小龙,a@b.org',
      '',
    ].join('\n');
    expect(await kempt(['resolve', put('odd.csv', odd), '--out', at('o.csv')])).toMatchObject({ code: 0 });
    expect(read('o.csv').trim().split('\n')).toHaveLength(4);
    put('one.csv', 'id,email\n1,a@b.org\n');
    expect(await kempt(['resolve', at('one.csv'), '--out', at('o.csv')])).toMatchObject({ code: 0 });
    expect(read('o.csv')).toBe('source,id,cluster_id,probability\none,1,1,1\n');
  });
});

test('files of one name in two folders are told apart by how they were given', () => {
  expect(sourceNames(['a/x.csv', 'b/y.parquet'])).toEqual(['x', 'y']);
  expect(sourceNames(['a/x.csv', 'b/x.csv'])).toEqual(['a/x.csv', 'b/x.csv']);
  expect(() => sourceNames(['a/x.csv', './a/x.csv'])).toThrow('./a/x.csv: the file is given twice; name it once.');
});

describe('compare', () => {
  test('never writes over its own input', async () => {
    const file = put('pairs.csv', 'left_email,right_email\na@b.org,a@b.org\n');
    expect(await kempt(['compare', file, '--out', file])).toMatchObject({ code: 2 });
    expect(read('pairs.csv')).toContain('left_email');
  });

  test('without a model it learns from the pairs, and --out writes them whole', async () => {
    const head = ['left_', 'right_'].flatMap((side) => columns.map((name) => side + name)).join(',');
    const rows = people.slice(0, 40).map((left, row) => {
      const right = people[row % 2 === 0 ? 120 + row : row + 41] as Row;
      return [left, right].flatMap((one) => columns.map((name) => one[name])).join(',');
    });
    put('pairs.csv', [head, ...rows, ''].join('\n'));
    const run = await kempt(['compare', at('pairs.csv'), '--out', at('scores.csv')]);
    expect(run).toMatchObject({ code: 0, out: '', err: expect.stringContaining('No model is given') });
    const lines = read('scores.csv').trim().split('\n');
    expect(lines[0]).toBe('pair,left_id,right_id,probability,weight,match');
    expect(lines).toHaveLength(41);
    const matches = lines.slice(1).map((line) => line.endsWith(',true'));
    expect(matches).toEqual(rows.map((_, row) => row % 2 === 0));
  });

  test('a file without left and right columns is refused with the remedy', async () => {
    expect(await kempt(['compare', put('p.csv', 'left_email,email\na,b\n')])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/p\.csv, line 2, column right_\*: no column begins with right_; name the columns/),
    });
  });
});

describe('evaluate', () => {
  const clusters = 'source,id,cluster_id,probability\nx,1,1,.9\nx,2,1,.9\ny,1,1,.8\ny,2,2,1\n';

  test('prints a line for each score; truth may be pairs, and sources tell equal ids apart', async () => {
    put('c.csv', clusters);
    put('t.csv', 'left_source,left_id,right_source,right_id\nX,1,X,2\n');
    expect(await kempt(['evaluate', at('c.csv'), at('t.csv')])).toEqual({
      code: 0,
      out: [
        'SCORE         PRECISION  RECALL  F1',
        'pairwise      0.3333     1.0000  0.5000',
        'cluster-pair  0.3333     1.0000  0.5000',
        'B-cubed       0.6667     1.0000  0.8000',
        '',
      ].join('\n'),
      err: '',
    });
  });

  test('records that only one file has are counted and told', async () => {
    put('c.csv', 'id,cluster_id\n1,1\n2,1\n9,1\n');
    put('t.ndjson', '{"Record ID":1,"Cluster":"a"}\n{"Record ID":2,"Cluster":"a"}\n{"Record ID":3,"Cluster":"a"}\n');
    const { out, err } = await kempt(['evaluate', at('c.csv'), at('t.ndjson')]);
    expect(out).toMatch(/^cluster-pair +1\.0000 +0\.3333 +0\.5000$/m);
    expect(err).toBe(
      '1 records of the truth are in no cluster; they count as left alone.\n1 clustered records are not in the truth; they are left out.\n',
    );
  });

  test.each([
    [
      'columns that say nothing',
      'name,group\na,b\n',
      /t\.csv, line 2: the columns are name, group; needed are id and cluster_id/,
    ],
    ['a record that stands twice', 'id,cluster_id\n1,a\n1,b\n', /t\.csv, line 3: the record 1 stands there twice/],
    ['an empty cluster', 'id,cluster_id\n1,\n', /t\.csv, line 2, column cluster_id: the value is empty/],
    ['other records', 'id,cluster_id\n77,a\n', /t\.csv: none of its records is in/],
  ])('%s: refused with place and remedy', async (_, content, message) => {
    put('c.csv', 'id,cluster_id\n1,1\n2,1\n');
    expect(await kempt(['evaluate', at('c.csv'), put('t.csv', content)])).toMatchObject({
      code: 2,
      err: expect.stringMatching(message),
    });
  });
});
