/** Something that may be a number with more digits than a double holds. Digits inside a text match too, harmlessly. */
const longNumber = /[:[,]\s*-?\d[\d.]{15,}/;

interface ReviverContext {
  readonly source?: string;
}

const parse = JSON.parse as (
  text: string,
  revive: (key: string, value: unknown, context: ReviverContext) => unknown,
) => unknown;

const digitsOf = (source: string): number =>
  source
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '').length;

/** Like JSON.parse, but a number that a double would round comes as its text. */
export function parseJson(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text);
  return parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && digitsOf(source) > 15 ? source : value,
  );
}
