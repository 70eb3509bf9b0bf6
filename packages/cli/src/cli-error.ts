import type { ExitCode } from './exit-code.ts';

/** Ends the command with one sentence for the person and one number for the script. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly retriable: boolean;

  constructor(
    message: string,
    details: {
      readonly code: string;
      readonly exitCode: ExitCode;
      readonly retriable?: boolean;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
    this.code = details.code;
    this.exitCode = details.exitCode;
    this.retriable = details.retriable ?? false;
  }
}
