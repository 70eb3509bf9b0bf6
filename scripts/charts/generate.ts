import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedChartFiles } from './chart-files.ts';

// Writes what follows from the settings of the services, from the topic catalogue and from the values that the charts take.

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = (file: string): string => readFileSync(path.join(root, file), 'utf8');

for (const [file, content] of generatedChartFiles(readme)) {
  const place = path.join(root, file);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, content);
}
