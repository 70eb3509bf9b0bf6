import Table from 'cli-table3';

/** Where the command writes. Content goes to `out`, everything about it to `err`. */
export interface Output {
  /** One value for people and, with `--json`, the same value for programs. */
  show(value: unknown, forPeople: () => string): void;
  /** Something beside the content: what comes next, what was done. */
  note(text: string): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export function createOutput({ json, out, err }: OutputOptions): Output {
  return {
    show: (value, forPeople) => out(json ? `${JSON.stringify(value, null, 2)}\n` : `${forPeople()}\n`),
    note: (text) => err(`${text}\n`),
  };
}

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

/** A text that comes from elsewhere and must not speak to the terminal: control characters become visible. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** A point in time in the reader's own words, to the second. */
export function time(text: string | undefined): string {
  return text === undefined ? '' : text.replace('T', ' ').replace(/\.\d+Z$|Z$/, 'Z');
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
