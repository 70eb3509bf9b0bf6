/** A value of a parsed JSON body as text: text as it is, numbers and booleans as they are written, objects as JSON, nothing as ''. */
export function jsonText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}
