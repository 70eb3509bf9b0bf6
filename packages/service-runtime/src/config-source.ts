import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { ConfigProblem } from './config-problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of a YAML file: dotted paths with the values as YAML typed them. */
export interface ConfigFile {
  readonly name: string;
  readonly leaves: ReadonlyMap<string, unknown>;
}

export const emptyConfigFile: ConfigFile = { name: '', leaves: new Map() };

/**
 * Reads the YAML file. Mappings are opened down to the depth at which `isLeaf` says that a path is a setting. A file that
 * cannot be read or parsed is a problem that is added to the list.
 */
export function readConfigFile(name: string, isLeaf: (path: string) => boolean, problems: ConfigProblem[]): ConfigFile {
  try {
    const content: unknown = parse(readFileSync(name, 'utf8'));
    const leaves = new Map<string, unknown>();
    if (content !== null && content !== undefined) collectLeaves({ content, path: [], isLeaf, leaves });
    return { name, leaves };
  } catch (error) {
    problems.push({
      key: 'KEMPT_CONFIG_FILE',
      found: `${name} (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`,
      expected: 'a readable YAML file',
      remedy: 'Correct the path or the file, or remove KEMPT_CONFIG_FILE.',
    });
    return { name, leaves: new Map() };
  }
}

function collectLeaves(at: {
  readonly content: unknown;
  readonly path: readonly string[];
  readonly isLeaf: (path: string) => boolean;
  readonly leaves: Map<string, unknown>;
}): void {
  const { content, path, isLeaf, leaves } = at;
  const name = path.join('.');
  const isMapping = typeof content === 'object' && content !== null && !Array.isArray(content);
  if (path.length > 0 && (!isMapping || isLeaf(name))) {
    leaves.set(name, content);
    return;
  }
  if (!isMapping) throw new Error('it must hold a mapping of settings');
  for (const [key, child] of Object.entries(content)) {
    collectLeaves({ content: child, path: [...path, key], isLeaf, leaves });
  }
}

/** The content of the file that `<name>_FILE` names, without the line end that editors add. */
export function readSecretFile(variable: string, path: string, problems: ConfigProblem[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    problems.push({
      key: variable,
      found: `a path that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}): ${path}`,
      expected: 'the path of a readable file with the secret in it',
      remedy: 'Mount the file or correct the path.',
    });
    return undefined;
  }
}
