import { tableError } from './table-error.ts';

/** So much of a text is looked at to find its delimiter. */
export const headLength = 1 << 16;

/** The names of the columns; one that has none is called by its place. */
export function headerOf(file: string, line: number, record: readonly string[]): readonly string[] {
  const names = record.map((name, at) => (name.trim() === '' ? `column_${at + 1}` : name.trim()));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return names;
  throw tableError(
    { file, line, column: twice },
    { code: 'column-twice', message: 'two columns have this name; rename one of them.' },
  );
}
