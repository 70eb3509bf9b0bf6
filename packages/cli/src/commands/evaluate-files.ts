import { singleText } from '../tables/field-value.ts';
import { openTable, placeOf, type Table } from '../tables/table.ts';
import { tableError } from '../tables/table-error.ts';
import type { Partition, RecordPair } from './evaluate-scores.ts';

interface RecordName {
  /** Empty where the file names none. */
  readonly source: string;
  readonly id: string;
}

interface Member extends RecordName {
  readonly cluster: string;
  readonly line: number;
}

type Content =
  | { readonly shape: 'clusters'; readonly table: Table; readonly members: readonly Member[] }
  | { readonly shape: 'pairs'; readonly table: Table; readonly pairs: readonly (readonly [RecordName, RecordName])[] };

/** Columns by meaning; names are compared without case, `-`, `_` and blanks. */
const headers = {
  id: ['id', 'recordid', 'uniqueid', 'recid', 'rowid'],
  cluster: ['clusterid', 'cluster', 'entityid', 'goldenid', 'trueid', 'truecluster'],
  source: ['source', 'datasource', 'sourcedataset'],
  leftId: ['leftid', 'idleft', 'uniqueidl', 'idl', 'ida', 'rowa'],
  rightId: ['rightid', 'idright', 'uniqueidr', 'idr', 'idb', 'rowb'],
  leftSource: ['leftsource', 'sourceleft', 'sourcedatasetl', 'sourcea'],
  rightSource: ['rightsource', 'sourceright', 'sourcedatasetr', 'sourceb'],
} as const;

type Meaning = keyof typeof headers;

function columnFinder(names: readonly string[]): (meaning: Meaning) => string | undefined {
  const plain = names.map((name) => name.toLowerCase().replace(/[^a-z0-9]/g, ''));
  return (meaning) => {
    for (const header of headers[meaning]) {
      const at = plain.indexOf(header);
      if (at >= 0) return names[at];
    }
    return undefined;
  };
}

async function read(file: string, signal: AbortSignal | undefined): Promise<Content> {
  const table = await openTable(file);
  const members: Member[] = [];
  const pairs: [RecordName, RecordName][] = [];
  let find: ReturnType<typeof columnFinder> | undefined;
  for await (const { line, fields } of table.rows(signal)) {
    find ??= columnFinder(Object.keys(fields));
    const text = (meaning: Meaning): string => singleText(fields[find?.(meaning) ?? '']);
    const need = (meaning: Meaning): string => {
      const column = find?.(meaning);
      const value = text(meaning);
      if (column === undefined || value !== '') return value;
      throw tableError(
        { ...placeOf(table, line), column },
        { code: 'value-missing', message: 'the value is empty; fill it, or leave the row out.' },
      );
    };
    if (find('leftId') !== undefined && find('rightId') !== undefined) {
      pairs.push([
        { source: text('leftSource'), id: need('leftId') },
        { source: text('rightSource'), id: need('rightId') },
      ]);
    } else if (find('id') !== undefined && find('cluster') !== undefined) {
      members.push({ source: text('source'), id: need('id'), cluster: need('cluster'), line });
    } else {
      throw tableError(placeOf(table, line), {
        code: 'column-missing',
        message: `the columns are ${Object.keys(fields).join(', ')}; needed are id and cluster_id (and source, where ids repeat across sources), or left_id and right_id for a list of true pairs. Rename them so.`,
      });
    }
  }
  return pairs.length > 0 ? { shape: 'pairs', table, pairs } : { shape: 'clusters', table, members };
}

export interface Evaluated {
  readonly found: Partition;
  readonly truth:
    | { readonly shape: 'clusters'; readonly partition: Partition }
    | { readonly shape: 'pairs'; readonly pairs: readonly RecordPair[] };
}

/** Reads clusters and truth under common keys: source and id where the files have any of these in common, else the id alone. */
export async function readEvaluated(
  clustersFile: string,
  truthFile: string,
  signal: AbortSignal | undefined,
): Promise<Evaluated> {
  const clusters = await read(clustersFile, signal);
  if (clusters.shape === 'pairs') {
    throw tableError(
      { file: clustersFile },
      {
        code: 'column-missing',
        message: 'these are pairs; give the file of clusters first and the truth second.',
      },
    );
  }
  const truth = await read(truthFile, signal);
  const named = truth.shape === 'clusters' ? truth.members : truth.pairs.flat();
  const bySource = ({ source, id }: RecordName): string => JSON.stringify([source.toLowerCase(), id]);
  const sourced = new Set(clusters.members.map(bySource));
  const keyOf = named.some((record) => sourced.has(bySource(record))) ? bySource : ({ id }: RecordName): string => id;
  const found = partitionOf(clusters, keyOf);
  if (named.length > 0 && !named.some((record) => found.has(keyOf(record)))) {
    throw tableError(
      { file: truthFile },
      {
        code: 'nothing-in-common',
        message: `none of its records is in ${clustersFile}; both files must name records by the same ids.`,
      },
    );
  }
  return {
    found,
    truth:
      truth.shape === 'clusters'
        ? { shape: 'clusters', partition: partitionOf(truth, keyOf) }
        : { shape: 'pairs', pairs: truth.pairs.map(([left, right]): RecordPair => [keyOf(left), keyOf(right)]) },
  };
}

function partitionOf(
  { table, members }: Extract<Content, { readonly shape: 'clusters' }>,
  keyOf: (record: RecordName) => string,
): Partition {
  const partition = new Map<string, string>();
  for (const member of members) {
    const key = keyOf(member);
    if (partition.has(key)) {
      throw tableError(placeOf(table, member.line), {
        code: 'id-twice',
        message: `the record ${member.source === '' ? '' : `${member.source} `}${member.id} stands there twice; every record has one row. Where ids repeat across sources, both files need a source column.`,
      });
    }
    partition.set(key, member.cluster);
  }
  return partition;
}
