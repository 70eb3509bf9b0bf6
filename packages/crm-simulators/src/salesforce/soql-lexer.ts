import { type SalesforceError, soqlError } from './salesforce-error.ts';

export interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'date' | 'datetime' | 'symbol' | 'end';
  readonly text: string;
  readonly position: number;
}

const whitespace = /\s+/y;
const dateTimePattern = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})/y;
const datePattern = /\d{4}-\d{2}-\d{2}(?![\dT])/y;
const numberPattern = /[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const wordPattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const symbolPattern = /<>|!=|<=|>=|[=<>(),.:]/y;

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  N: '\n',
  r: '\r',
  R: '\r',
  t: '\t',
  T: '\t',
  b: '\b',
  B: '\b',
  f: '\f',
  F: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
};

export function malformed(soql: string, position: number, message: string): SalesforceError {
  return soqlError('MALFORMED_QUERY', soql, position, message);
}

function readString(soql: string, start: number): { value: string; end: number } {
  let value = '';
  let i = start + 1;
  while (i < soql.length) {
    const char = soql[i] as string;
    if (char === "'") return { value, end: i + 1 };
    if (char === '\\') {
      const next = soql[i + 1] ?? '';
      // Escaped wildcards stay escaped: LIKE needs to tell them from plain ones.
      if (next === '_' || next === '%') value += `\\${next}`;
      else if (next === 'u' && /^[0-9a-fA-F]{4}$/.test(soql.slice(i + 2, i + 6))) {
        value += String.fromCharCode(Number.parseInt(soql.slice(i + 2, i + 6), 16));
        i += 4;
      } else if (escapes[next] !== undefined) value += escapes[next];
      else
        throw malformed(soql, i, `Invalid string literal. Illegal character sequence '\\${next}' in string literal.`);
      i += 2;
      continue;
    }
    value += char;
    i += 1;
  }
  throw malformed(soql, start, "line 1:1 no viable alternative at character '<EOF>'");
}

/** Splits a query into tokens; the last one is of kind `end`. */
export function tokenise(soql: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const take = (pattern: RegExp, kind: Token['kind']): boolean => {
    pattern.lastIndex = position;
    const match = pattern.exec(soql);
    if (match === null) return false;
    tokens.push({ kind, text: match[0], position });
    position = pattern.lastIndex;
    return true;
  };
  while (position < soql.length) {
    whitespace.lastIndex = position;
    if (whitespace.test(soql)) {
      position = whitespace.lastIndex;
      continue;
    }
    if (soql[position] === "'") {
      const { value, end } = readString(soql, position);
      tokens.push({ kind: 'string', text: value, position });
      position = end;
      continue;
    }
    if (take(dateTimePattern, 'datetime') || take(datePattern, 'date')) continue;
    if (take(numberPattern, 'number') || take(wordPattern, 'word') || take(symbolPattern, 'symbol')) continue;
    throw malformed(soql, position, `line 1:${position} no viable alternative at character '${soql[position]}'`);
  }
  tokens.push({ kind: 'end', text: '<EOF>', position: soql.length });
  return tokens;
}
