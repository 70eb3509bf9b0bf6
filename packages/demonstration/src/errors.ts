/**
 * Thrown when Kempt or a simulated CRM does not show what it should, with a sentence for the person who watches.
 */
export class DemonstrationError extends Error {
  override readonly name = 'DemonstrationError';
  readonly code: string;
  readonly retriable = false;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
