import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-code.ts';

/** Where in a file something is wrong. Lines, rows and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number | undefined;
  /** Tables without lines have rows. */
  readonly row?: number | undefined;
  /** Name or number. */
  readonly column?: string | number | undefined;
}

/** A file that cannot be used: the message names the place, what is wrong there, and the remedy. */
export function tableError(
  place: Place,
  problem: { readonly code: string; readonly message: string; readonly cause?: unknown },
): CliError {
  const where = [
    place.file,
    ...(place.line === undefined ? [] : [`line ${place.line}`]),
    ...(place.row === undefined ? [] : [`row ${place.row}`]),
    ...(place.column === undefined ? [] : [`column ${place.column}`]),
  ].join(', ');
  return new CliError(`${where}: ${problem.message}`, {
    code: problem.code,
    exitCode: exitCodes.wrongUsage,
    cause: problem.cause,
  });
}
