import { rename, writeFile } from 'node:fs/promises';
import type { SimulatedAccount } from './simulators-process.ts';

/** Writes the connector's configuration file: one connection for each simulated CRM. @returns its path */
export async function writeConnectorConfig(file: string, accounts: readonly SimulatedAccount[]): Promise<string> {
  const half = `${file}.half-written`;
  // JSON is YAML, too, and needs no quoting rules of its own.
  await writeFile(half, `${JSON.stringify({ connections: accounts }, null, 2)}\n`, { mode: 0o600 });
  await rename(half, file);
  return file;
}
