import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from './platform.ts';

/**
 * Writes `running.json`: where the parts of a running Kempt are, for programs that look after it. It holds the database
 * URL with its password, so only the owner of the data folder may read it.
 */
export async function writeRunningFile(dataFolder: string, platform: Platform): Promise<void> {
  const file = join(dataFolder, 'running.json');
  const content = {
    pid: process.pid,
    apiUrl: platform.apiUrl,
    adminUrl: platform.adminUrl,
    controlUrl: platform.simulators.controlUrl,
    services: Object.fromEntries(platform.services.map((service) => [service.name, service.url])),
  };
  await writeFile(`${file}.half-written`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.half-written`, file);
}

export async function removeRunningFile(dataFolder: string): Promise<void> {
  await rm(join(dataFolder, 'running.json'), { force: true });
}
