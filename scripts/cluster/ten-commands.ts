import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The commands with which the page of a checkout's platform chart leads from a cluster to a running Kempt, in their order. */
export async function tenCommands(checkout: string): Promise<readonly string[]> {
  const page = await readFile(join(checkout, 'helm', 'platform', 'README.md'), 'utf8');
  const part = /<!-- ten-commands:begin -->(.*)<!-- ten-commands:end -->/s.exec(page)?.[1] ?? '';
  const commands = [...part.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, text = '']) =>
    text.replaceAll(/^ +/gm, '').trim(),
  );
  if (commands.length === 0) throw new Error('The page of the platform chart has no commands between its marks.');
  if (commands.length > 10)
    throw new Error(`The page of the platform chart needs ${commands.length} commands, more than ten.`);
  return commands;
}
