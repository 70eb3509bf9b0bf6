import { malformed, type Token, tokenise } from './soql-lexer.ts';
import type {
  AggregateFunction,
  Comparison,
  Condition,
  FieldPath,
  Literal,
  OrderItem,
  SelectItem,
  SoqlQuery,
} from './soql-syntax.ts';

const aggregateFunctions: ReadonlySet<string> = new Set(['COUNT', 'COUNT_DISTINCT', 'MIN', 'MAX', 'SUM', 'AVG']);
const relativeDates =
  /^(?:TODAY|YESTERDAY|TOMORROW|(?:LAST|THIS|NEXT)_(?:WEEK|MONTH|QUARTER|YEAR)|LAST_90_DAYS|NEXT_90_DAYS|(?:LAST|NEXT)_N_(?:DAYS|WEEKS|MONTHS|YEARS)|N_DAYS_AGO)$/;
const clauseWords: ReadonlySet<string> = new Set([
  'FROM',
  'WHERE',
  'WITH',
  'GROUP',
  'HAVING',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FOR',
  'AND',
  'OR',
  'NOT',
  'USING',
  'ALL',
]);

/** Reads a query, or throws MALFORMED_QUERY with the marked place, as the API does. */
export function parseSoql(soql: string): SoqlQuery {
  const tokens = tokenise(soql);
  let index = 0;
  const peek = (ahead = 0): Token => tokens[Math.min(index + ahead, tokens.length - 1)] as Token;
  const next = (): Token => {
    const token = peek();
    index += 1;
    return token;
  };
  const unexpected = (token = peek()) =>
    malformed(
      soql,
      token.position,
      token.kind === 'end' ? "unexpected token: '<EOF>'" : `unexpected token: '${token.text}'`,
    );
  const isWord = (word: string, ahead = 0): boolean => {
    const token = peek(ahead);
    return token.kind === 'word' && token.text.toUpperCase() === word;
  };
  const isSymbol = (symbol: string, ahead = 0): boolean => {
    const token = peek(ahead);
    return token.kind === 'symbol' && token.text === symbol;
  };
  const takeWord = (word: string): boolean => {
    if (!isWord(word)) return false;
    index += 1;
    return true;
  };
  const takeSymbol = (symbol: string): boolean => {
    if (!isSymbol(symbol)) return false;
    index += 1;
    return true;
  };
  const needWord = (word: string): void => {
    if (!takeWord(word)) throw unexpected();
  };
  const needSymbol = (symbol: string): void => {
    if (!takeSymbol(symbol)) throw unexpected();
  };
  const name = (): Token => {
    const token = next();
    if (token.kind !== 'word') throw unexpected(token);
    return token;
  };
  const path = (): FieldPath => {
    const first = name();
    if (clauseWords.has(first.text.toUpperCase())) throw unexpected(first);
    const parts = [first.text];
    while (takeSymbol('.')) parts.push(name().text);
    return { parts, position: first.position };
  };
  const wholeNumber = (): number => {
    const token = next();
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw unexpected(token);
    return Number(token.text);
  };
  const alias = (): string | null => {
    const token = peek();
    if (token.kind !== 'word' || clauseWords.has(token.text.toUpperCase())) return null;
    index += 1;
    return token.text;
  };

  const selectItem = (): SelectItem => {
    const start = peek();
    if (isSymbol('(')) {
      index += 1;
      const inner = query(')');
      needSymbol(')');
      return { kind: 'children', query: inner, position: start.position };
    }
    if (start.kind === 'word' && isSymbol('(', 1)) {
      const fn = start.text.toUpperCase();
      if (fn === 'FIELDS') {
        index += 2;
        const which = name().text.toUpperCase();
        if (which !== 'ALL' && which !== 'STANDARD' && which !== 'CUSTOM') throw unexpected(peek(-1));
        needSymbol(')');
        return { kind: 'all-fields', which, position: start.position };
      }
      if (!aggregateFunctions.has(fn)) throw unexpected(peek(1));
      index += 2;
      const argument = isSymbol(')') ? null : path();
      if (argument === null && fn !== 'COUNT') throw unexpected();
      needSymbol(')');
      return {
        kind: 'aggregate',
        fn: fn as AggregateFunction,
        path: argument,
        alias: alias(),
        position: start.position,
      };
    }
    return { kind: 'field', path: path(), alias: alias() };
  };

  const literal = (): Literal => {
    const token = next();
    const { position } = token;
    switch (token.kind) {
      case 'string':
        return { kind: 'string', value: token.text, position };
      case 'number':
        return { kind: 'number', value: Number(token.text), position };
      case 'date':
        return { kind: 'date', value: token.text, position };
      case 'datetime': {
        const value = Date.parse(token.text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
        if (Number.isNaN(value)) throw malformed(soql, position, `Invalid datetime: ${token.text}`);
        return { kind: 'datetime', value, position };
      }
      case 'word': {
        const word = token.text.toUpperCase();
        if (word === 'TRUE' || word === 'FALSE') return { kind: 'boolean', value: word === 'TRUE', position };
        if (word === 'NULL') return { kind: 'null', position };
        if (!relativeDates.test(word)) throw unexpected(token);
        return { kind: 'relative-date', name: word, count: takeSymbol(':') ? wholeNumber() : 0, position };
      }
      default:
        throw unexpected(token);
    }
  };

  const comparison = (): Condition => {
    const field = path();
    const token = next();
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    const negated = word === 'NOT';
    if (negated) needWord('IN');
    if (negated || word === 'IN') {
      needSymbol('(');
      if (isWord('SELECT')) {
        const inner = query(')');
        needSymbol(')');
        return { kind: 'in-query', path: field, negated, query: inner };
      }
      const values = [literal()];
      while (takeSymbol(',')) values.push(literal());
      needSymbol(')');
      return { kind: 'in', path: field, negated, values };
    }
    if (word === 'LIKE') return { kind: 'compare', path: field, operator: 'LIKE', value: literal() };
    if (token.kind !== 'symbol' || !/^(?:=|!=|<>|<|<=|>|>=)$/.test(token.text)) throw unexpected(token);
    const operator = (token.text === '<>' ? '!=' : token.text) as Comparison;
    return { kind: 'compare', path: field, operator, value: literal() };
  };

  const term = (): Condition => {
    if (takeWord('NOT')) return { kind: 'not', term: term() };
    if (takeSymbol('(')) {
      const inner = condition();
      needSymbol(')');
      return inner;
    }
    return comparison();
  };

  const condition = (): Condition => {
    const first = term();
    if (!isWord('AND') && !isWord('OR')) return first;
    const word = isWord('AND') ? 'AND' : 'OR';
    const terms = [first];
    while (takeWord(word)) terms.push(term());
    // The language has no precedence between AND and OR: mixing them needs brackets.
    if (isWord('AND') || isWord('OR')) throw unexpected();
    return { kind: word === 'AND' ? 'and' : 'or', terms };
  };

  const orderItem = (): OrderItem => {
    const field = path();
    const descending = takeWord('DESC');
    if (!descending) takeWord('ASC');
    let nullsLast = false;
    if (takeWord('NULLS')) {
      nullsLast = takeWord('LAST');
      if (!nullsLast) needWord('FIRST');
    }
    return { path: field, descending, nullsLast };
  };

  const listOf = <T>(item: () => T): T[] => {
    const items = [item()];
    while (takeSymbol(',')) items.push(item());
    return items;
  };

  const query = (end: ')' | 'end'): SoqlQuery => {
    needWord('SELECT');
    const select = listOf(selectItem);
    needWord('FROM');
    const from = path();
    alias();
    const where = takeWord('WHERE') ? condition() : null;
    if (takeWord('WITH')) name();
    let groupBy: FieldPath[] = [];
    if (takeWord('GROUP')) {
      needWord('BY');
      groupBy = listOf(path);
    }
    let orderBy: OrderItem[] = [];
    if (takeWord('ORDER')) {
      needWord('BY');
      orderBy = listOf(orderItem);
    }
    const limit = takeWord('LIMIT') ? wholeNumber() : null;
    const offset = takeWord('OFFSET') ? wholeNumber() : 0;
    if (takeWord('FOR')) name();
    if (end === 'end' ? peek().kind !== 'end' : !isSymbol(end)) throw unexpected();
    return { text: soql, select, from, where, groupBy, orderBy, limit, offset };
  };

  return query('end');
}
