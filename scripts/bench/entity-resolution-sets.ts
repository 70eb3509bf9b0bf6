import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Row = Record<string, string>;

/** A labelled set of records. Labels are read by the scorer only. */
export interface LabelledSet {
  readonly name: string;
  readonly rows: readonly { readonly id: string; readonly source: string; readonly fields: Row }[];
  /** True entity by id. */
  readonly truth: ReadonlyMap<string, string>;
}

/** Reads comma-separated text with quoted fields, the first line being the header. */
function read(path: string): Row[] {
  const text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  const lines: string[][] = [];
  let line: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quoted) {
      if (char !== '"') field += char;
      else if (text.charAt(at + 1) === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ',' || char === '\n') {
      line.push(field.replace(/\r$/, ''));
      field = '';
      if (char === '\n') {
        lines.push(line);
        line = [];
      }
    } else field += char;
  }
  if (field !== '' || line.length > 0) lines.push([...line, field]);
  const [header = [], ...rest] = lines;
  return rest
    .filter((cells) => cells.some((cell) => cell !== ''))
    .map((cells) => Object.fromEntries(header.map((name, column) => [name.trim(), cells[column] ?? ''])));
}

function without(row: Row, ...columns: string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !columns.includes(name)));
}

/** Entities from a list of matching pairs: connected records are one. */
function entitiesOf(ids: readonly string[], pairs: readonly (readonly [string, string])[]): Map<string, string> {
  const owner = new Map(ids.map((id) => [id, id]));
  const find = (id: string): string => {
    let at = id;
    while (owner.get(at) !== at) at = owner.get(at) as string;
    return at;
  };
  for (const [a, b] of pairs) owner.set(find(a), find(b));
  return new Map(ids.map((id) => [id, find(id)]));
}

function set(name: string, rows: LabelledSet['rows'], truth: (id: string, index: number) => string): LabelledSet {
  return { name, rows, truth: new Map(rows.map((row, index) => [row.id, truth(row.id, index)])) };
}

const loaders: Record<string, (folder: string) => LabelledSet> = {
  'splink_fake_1000/fake_1000.csv': (path) => labelled('fake_1000', path, 'unique_id', 'cluster'),
  'splink_fake_1000/fake_1000_with_cluster.csv': (path) => labelled('fake_1000 older', path, 'unique_id', 'cluster'),
  'splink_fake_20000/fake_20000.csv': (path) => labelled('fake_20000', path, 'unique_id', 'cluster'),
  'dedupe_csv_example/csv_example_input_with_true_ids.csv': (path) => {
    const rows = read(path);
    return set(
      'csv_example',
      rows.map((row) => ({ id: row.Id as string, source: 'a', fields: without(row, 'Id', 'True Id') })),
      (_, index) => (rows[index] as Row)['True Id'] as string,
    );
  },
  'fodors_zagats/fodors.csv': (path) => {
    const folder = join(path, '..');
    const rows = [
      ...read(path).map((row) => ({ id: `f${row.id}`, source: 'fodors', fields: without(row, 'id') })),
      ...read(join(folder, 'zagats.csv')).map((row) => ({
        id: `z${row.id}`,
        source: 'zagats',
        fields: without(row, 'id'),
      })),
    ];
    const pairs = read(join(folder, 'matches_fodors_zagats.csv')).map(
      (row) => [`f${row.fodors_id}`, `z${row.zagats_id}`] as const,
    );
    const truth = entitiesOf(
      rows.map((row) => row.id),
      pairs,
    );
    return set('fodors_zagats', rows, (id) => truth.get(id) as string);
  },
  'senzing_truthset/customers.csv': (path) => {
    const folder = join(path, '..');
    const key = new Map(
      read(join(folder, 'actual_truthset_key.csv')).map((row) => [
        `${row.DATA_SOURCE}:${row.RECORD_ID}`,
        row.CLUSTER_ID as string,
      ]),
    );
    const rows = ['customers', 'reference', 'watchlist'].flatMap((file) =>
      read(join(folder, `${file}.csv`)).map((row) => ({
        id: `${row.DATA_SOURCE}:${row.RECORD_ID}`,
        source: row.DATA_SOURCE as string,
        fields: without(row, 'DATA_SOURCE', 'RECORD_ID'),
      })),
    );
    return set('senzing_truthset', rows, (id) => key.get(id) ?? id);
  },
  'dqbench_tier1/tier1.csv': (path) => pairListed('dqbench_tier1', path, 'tier1_pairs.csv'),
  'dqbench_tier2/tier2.csv': (path) => pairListed('dqbench_tier2', path, 'tier2_pairs.csv'),
  'dqbench_tier3/tier3.csv': (path) => pairListed('dqbench_tier3', path, 'tier3_pairs.csv'),
  'febrl/dataset1.csv': (path) => febrl('febrl1', path),
  'febrl/dataset2.csv': (path) => febrl('febrl2', path),
  'febrl/dataset3.csv': (path) => febrl('febrl3', path),
  'febrl/dataset4a.csv': (path) => {
    const first = febrl('febrl4', path);
    const second = febrl('febrl4', join(path, '..', 'dataset4b.csv'));
    return {
      name: 'febrl4',
      rows: [...first.rows, ...second.rows.map((row) => ({ ...row, source: 'b' }))],
      truth: new Map([...first.truth, ...second.truth]),
    };
  },
  'rl/RLdata10000.csv': (path) => labelled('rldata10000', path, 'record_id', 'label_true'),
  'aff/affiliations.csv': (path) => labelled('affiliations', path, 'record_id', 'label_true'),
  // `name_true` is the label once more, in words.
  'patstat/patents.csv': (path) => labelled('patstat', path, 'record_id', 'label_true', 'name_true'),
  'historical/historical.csv': (path) => labelled('historical_50k', path, 'unique_id', 'cluster'),
};

/** A set with the true entity in a column. */
function labelled(name: string, path: string, id: string, ...labels: [string, ...string[]]): LabelledSet {
  const rows = read(path);
  return set(
    name,
    rows.map((row) => ({ id: row[id] as string, source: 'a', fields: without(row, id, ...labels) })),
    (_, index) => (rows[index] as Row)[labels[0]] as string,
  );
}

/** A set whose truth is a list of matching row numbers. */
function pairListed(name: string, path: string, pairFile: string): LabelledSet {
  const rows = read(path).map((row, index) => ({ id: String(index), source: 'a', fields: row }));
  const pairs = read(join(path, '..', pairFile)).map((row) => [row.row_a as string, row.row_b as string] as const);
  const truth = entitiesOf(
    rows.map((row) => row.id),
    pairs,
  );
  return set(name, rows, (id) => truth.get(id) as string);
}

function febrl(name: string, path: string): LabelledSet {
  const rows = read(path).map((row) => ({
    id: (row.rec_id as string).trim(),
    source: 'a',
    fields: without(row, 'rec_id'),
  }));
  return set(name, rows, (id) => (/^rec-(\d+)/.exec(id) as RegExpExecArray)[1] as string);
}

/** The labelled sets that are found under a folder. */
export function labelledSets(folder: string): LabelledSet[] {
  return Object.entries(loaders)
    .filter(([file]) => existsSync(join(folder, file)))
    .map(([file, load]) => load(join(folder, file)));
}
