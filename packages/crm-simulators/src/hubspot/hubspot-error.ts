/** An unhappy answer of the API: thrown by the code that finds the fault, written by the HTTP layer. */
export class HubSpotError extends Error {
  readonly status: number;
  readonly category: string;
  readonly details: Readonly<Record<string, unknown>>;

  /** `details` are further keys of the body, such as `errors` and `context`. */
  constructor(status: number, category: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'HubSpotError';
    this.status = status;
    this.category = category;
    this.details = details;
  }

  toBody(correlationId: string): string {
    return JSON.stringify({
      status: 'error',
      message: this.message,
      correlationId,
      ...this.details,
      category: this.category,
    });
  }
}

export const validationError = (message: string, details: Readonly<Record<string, unknown>> = {}): HubSpotError =>
  new HubSpotError(400, 'VALIDATION_ERROR', message, details);

export const notFound = (message = 'resource not found'): HubSpotError =>
  new HubSpotError(404, 'OBJECT_NOT_FOUND', message);
