import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error.ts';
import { exitCodes } from './exit-code.ts';

/** The text of a file, or of the given input for `-`, without the line breaks at its end. */
export async function readText(file: string, input: AsyncIterable<string | Buffer>): Promise<string> {
  try {
    return (await (file === '-' ? textOf(input) : readFile(file, 'utf8'))).replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new CliError(`File ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`, {
      code: 'file-unreadable',
      exitCode: exitCodes.wrongUsage,
      cause: error,
    });
  }
}

async function textOf(input: AsyncIterable<string | Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of input) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
