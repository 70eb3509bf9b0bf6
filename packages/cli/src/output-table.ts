import Table from 'cli-table3';
import { printable } from './output.ts';

export type Cell = string | number | boolean | null | undefined;

const borderless = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Columns with a head, or a sentence when there is nothing to show. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], whenEmpty: string): string {
  if (rows.length === 0) return whenEmpty;
  const drawn = newTable(head.map((name) => name.toUpperCase()));
  drawn.push(...rows.map((row) => row.map(textOf)));
  return trimmed(drawn);
}

/** Names and values, one a line. Values that are missing are left out. */
export function fields(entries: readonly (readonly [string, Cell])[]): string {
  const drawn = newTable();
  const present = entries.filter(([, value]) => value !== undefined && value !== null && value !== '');
  drawn.push(...present.map(([name, value]) => [`${name}:`, textOf(value)]));
  return trimmed(drawn);
}

function newTable(head: string[] = []): InstanceType<typeof Table> {
  return new Table({ head, chars: borderless, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
}

function trimmed(drawn: InstanceType<typeof Table>): string {
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function textOf(cell: Cell): string {
  if (cell === undefined || cell === null) return '';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return printable(String(cell));
}
