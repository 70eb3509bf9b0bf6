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

/** A text that comes from elsewhere and must not speak to the terminal: control characters become visible. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** A point in time in the reader's own words, to the second. */
export function time(text: string | undefined): string {
  return text === undefined ? '' : text.replace('T', ' ').replace(/\.\d+Z$|Z$/, 'Z');
}
