import { fieldsOf } from './field-value.ts';
import type { TableRow } from './table.ts';
import { tableError } from './table-error.ts';
import { utf8Text } from './utf8-text.ts';

/** The rows of a file with one JSON object a line. Numbers keep every digit they are written with; empty lines are skipped. */
export async function* ndjsonRows(file: string, signal?: AbortSignal): AsyncGenerator<TableRow> {
  let rest = '';
  let line = 0;
  for await (const text of utf8Text(file, signal)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const content of lines) {
      line += 1;
      if (content.trim() !== '') yield { line, fields: fieldsOf(parseLine(file, line, content)) };
    }
  }
  if (rest.trim() !== '') yield { line: line + 1, fields: fieldsOf(parseLine(file, line + 1, rest)) };
}

/** Gives the text of a number instead of its value, which may have lost digits. */
function asWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

function parseLine(file: string, line: number, content: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content, asWritten) as unknown;
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw tableError(
      { file, line, column: position === undefined ? undefined : Number(position) + 1 },
      {
        code: 'json-malformed',
        message: 'the line is not JSON; every line must be one whole JSON object ("jq -c" writes them so).',
        cause: error,
      },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw tableError(
    { file, line, column: 1 },
    {
      code: 'json-not-object',
      message:
        'the line is no JSON object; write one object a line (for a list in one file: "jq -c \'.[]\' list.json").',
    },
  );
}
