import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Page } from './api-client.ts';
import type { Output } from './output.ts';

/** Adds the options that every list has. */
export function withListOptions(command: Command): Command {
  return command
    .addOption(new Option('--limit <number>', 'items in a page, at most 200').argParser(wholeNumber(1, 200)))
    .option('--cursor <cursor>', 'begin where the last page ended')
    .option('--all', 'every page');
}

/** Parses a whole number and says what is wrong with any other text. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Tells how to go on where a list does. */
export function noteNextPage(output: Output, page: Page<unknown>): void {
  if (page.nextCursor !== undefined) output.note(`There is more: --cursor ${page.nextCursor}, or --all`);
}
