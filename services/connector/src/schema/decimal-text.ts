const plain = /^-?\d+(\.\d+)?$/;
const scientific = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,3})$/;

/**
 * Decimal notation of a number given as text, every digit kept: `1.20E+3` becomes `1200`. Undefined when the text is
 * not a number.
 */
export function decimalText(text: string): string | undefined {
  if (plain.test(text)) return text;
  const parts = scientific.exec(text);
  if (parts === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = parts;
  const digits = whole + fraction;
  const pointAt = whole.length + Number(exponentText);
  const padded = pointAt <= 0 ? '0'.repeat(1 - pointAt) + digits : digits.padEnd(pointAt, '0');
  const position = Math.max(pointAt, 1);
  const integer = padded.slice(0, position).replace(/^0+(?=\d)/, '');
  const rest = padded.slice(position).replace(/0+$/, '');
  return rest === '' ? `${sign}${integer}` : `${sign}${integer}.${rest}`;
}
