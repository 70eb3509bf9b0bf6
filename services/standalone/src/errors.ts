/**
 * Thrown when standalone cannot run here, with a sentence for the person at the terminal: what is wrong and what to do.
 */
export class StandaloneError extends Error {
  override readonly name = 'StandaloneError';
  readonly code: string;
  readonly retriable = false;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
