import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedFolder } from './cached-folder.ts';

export const kafkaVersion = '4.1.0';

const run = promisify(execFile);
const downloadTimeoutMs = 300_000;

/**
 * The folder with the jars of a Kafka broker, downloaded by Maven once per checkout into `.cache/kafka/<version>`.
 * Throws an error with the reason when there is neither a filled cache nor a working Maven.
 */
export function kafkaJars(): Promise<string> {
  return cachedFolder(join('kafka', kafkaVersion), async (folder) => {
    const project = join(folder, 'pom.xml');
    await writeFile(project, projectFile());
    const copy = ['-q', '-B', '-f', project, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
    try {
      await run('mvn', copy, { timeout: downloadTimeoutMs });
    } catch (error) {
      throw new Error(`Maven could not download Kafka ${kafkaVersion}: ${reasonOf(error)}`, { cause: error });
    }
    await rm(project);
  });
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
