export interface RowError {
  readonly statusCode: string;
  readonly message: string;
  readonly fields: readonly string[];
  readonly duplicateResult?: unknown;
}

/** An unhappy answer of the REST API: thrown by the code that finds the fault, written by the HTTP layer. */
export class SalesforceError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: readonly string[] | null;
  /** Further keys of the error, such as `duplicateResult`. */
  readonly details: Readonly<Record<string, unknown>>;

  /** `about` names the fields at fault, or gives further keys of the error. */
  constructor(
    status: number,
    code: string,
    message: string,
    about: readonly string[] | null | { readonly details: Readonly<Record<string, unknown>> } = null,
  ) {
    super(message);
    this.name = 'SalesforceError';
    this.status = status;
    this.code = code;
    const hasDetails = about !== null && 'details' in about;
    this.fields = hasDetails ? null : about;
    this.details = hasDetails ? about.details : {};
  }

  /** The body of the answer: always a list. */
  toBody(): string {
    return JSON.stringify([
      {
        ...this.details,
        message: this.message,
        errorCode: this.code,
        ...(this.fields === null ? {} : { fields: this.fields }),
      },
    ]);
  }

  /** The error of one record among several, where the whole call succeeds. */
  toRowError(): RowError {
    // Where several records are named, one that is not there is a wrong reference rather than a missing resource.
    const isMissing = this.code === 'NOT_FOUND';
    return {
      ...this.details,
      statusCode: isMissing ? 'INVALID_CROSS_REFERENCE_KEY' : this.code,
      message: isMissing ? 'invalid cross reference id' : this.message,
      fields: this.fields ?? [],
    };
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
