import { fileURLToPath } from 'node:url';
import { readConfig } from './config.ts';
import { runStandalone } from './run.ts';

/**
 * `npm start`: everything in one process tree on embedded parts.
 * `npm start -- --exit`: the same up to the summary of the first sync, then the end.
 */
const checkoutFolder = fileURLToPath(new URL('../../..', import.meta.url));
const unknown = process.argv.slice(2).find((argument) => argument !== '--exit');

if (unknown === undefined) {
  process.exitCode = await runStandalone({
    readConfig: () => readConfig(process.env, checkoutFolder),
    exitAfterSummary: process.argv.includes('--exit'),
    print: (line) => console.log(line),
    printError: (line) => console.error(line),
  });
} else {
  console.error(
    `kempt: "${unknown}" is not known here. "npm start" stays up, "npm start -- --exit" ends after the summary.`,
  );
  process.exitCode = 2;
}
