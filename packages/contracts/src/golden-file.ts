import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Reads a golden file. One that does not exist is written from what the code gives now, and the test that asked fails,
 * so that a person looks at it before it is committed.
 */
export function readGolden(file: string, now: () => Uint8Array): Buffer {
  if (existsSync(file)) return readFileSync(file);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, now());
  throw new Error(`${path.basename(file)} did not exist and was written: check that it is right, and commit it`);
}
