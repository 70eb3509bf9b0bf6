import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const kafkaVersion = '4.1.0';

const run = promisify(execFile);
const downloadTimeoutMs = 300_000;

/**
 * The folder with the jars of a Kafka broker, downloaded by Maven once per checkout into `.cache/kafka/<version>`.
 * Safe when several processes ask at once: one downloads, the others wait. Throws an error with the reason when there is
 * neither a filled cache nor a working Maven.
 */
export async function kafkaJars(): Promise<string> {
  const cache = join(cacheRoot(), '.cache', 'kafka');
  const folder = join(cache, kafkaVersion);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const release = await lock(join(cache, `${kafkaVersion}.lock`));
  try {
    if (!existsSync(folder)) await download(folder);
  } finally {
    await release();
  }
  return folder;
}

async function download(folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const project = join(partial, 'pom.xml');
  await writeFile(project, projectFile());
  const copy = ['-q', '-B', '-f', project, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
  try {
    await run('mvn', copy, { timeout: downloadTimeoutMs });
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw new Error(`Maven could not download Kafka ${kafkaVersion}: ${reasonOf(error)}`, { cause: error });
  }
  await rm(project);
  // Only a complete folder ever has the final name.
  await rename(partial, folder);
}

function projectFile(): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kempt</groupId>
  <artifactId>test-broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;
}

function reasonOf(error: unknown): string {
  const { code, stdout, message } = error as { code?: unknown; stdout?: string; message: string };
  if (code === 'ENOENT') return 'the command mvn was not found';
  const line = (stdout ?? '').split('\n').find((text) => text.includes('ERROR'));
  return line ?? message;
}

/** A lock file with the process id of its holder; one whose holder is gone counts for nothing. */
async function lock(file: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + downloadTimeoutMs;
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isAbandoned(file)) await rm(file, { force: true });
    else if (Date.now() > deadline) throw new Error(`Another process has held ${file} for too long; remove it.`);
    else await sleep(200);
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  try {
    const holder = Number.parseInt(await readFile(file, 'utf8'), 10);
    if (Number.isNaN(holder)) return Date.now() - (await stat(file)).mtimeMs > 5_000;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** The root of the checkout, or the system's temporary folder when the package is used outside of one. */
function cacheRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder;
    if (folder === dirname(folder)) return tmpdir();
  }
}
