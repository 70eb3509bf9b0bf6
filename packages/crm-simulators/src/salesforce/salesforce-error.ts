/** An unhappy answer of the REST API: thrown by the code that finds the fault, written by the HTTP layer. */
export class SalesforceError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly string[] | null;

  constructor(status: number, code: string, message: string, fields: readonly string[] | null = null) {
    super(message);
    this.name = 'SalesforceError';
    this.status = status;
    this.code = code;
    this.fields = fields;
  }

  /** The body of the answer: always a list. */
  toBody(): string {
    return JSON.stringify([
      { message: this.message, errorCode: this.code, ...(this.fields === null ? {} : { fields: this.fields }) },
    ]);
  }
}

/** A SOQL error with the marked place in the query that the API shows before the message. */
export function soqlError(code: string, soql: string, position: number, message: string): SalesforceError {
  const start = Math.max(0, position - 40);
  const excerpt = soql.slice(start, position + 40).replace(/\s/g, ' ');
  const caret = `${' '.repeat(Math.max(0, position - start))}^`;
  const before = soql.slice(0, position);
  const row = before.split('\n').length;
  const column = position - before.lastIndexOf('\n');
  return new SalesforceError(400, code, `\n${excerpt}\n${caret}\nERROR at Row:${row}:Column:${column}\n${message}`);
}
