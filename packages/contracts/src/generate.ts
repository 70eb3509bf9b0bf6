import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { asyncApiDocument } from './asyncapi-document.ts';
import { deadLetterTopics } from './consumption.ts';
import { topicCatalogue } from './topic-catalogue.ts';
import { topicsDocument } from './topics-document.ts';

// Writes what follows from the topic catalogue and from proto/: descriptor set, topics.yaml, asyncapi.yaml. The same
// input gives the same bytes. `buf` has to be on the PATH.

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const protoFolder = path.resolve(packageFolder, '../../proto');

function writeYaml(name: string, heading: string, document: object): void {
  // Long texts stay on one line: no formatter and no release of the library may break them elsewhere.
  const body = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
  writeFileSync(path.join(packageFolder, name), `# ${heading}\n${body}`);
}

const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as { version: string };

mkdirSync(path.join(packageFolder, 'gen-descriptors'), { recursive: true });
execFileSync('buf', ['build', '--output', path.join(packageFolder, 'gen-descriptors', 'kempt.binpb')], {
  cwd: protoFolder,
  stdio: 'inherit',
});
writeYaml(
  'topics.yaml',
  'Generated from the topic catalogue; edits are lost.',
  topicsDocument(topicCatalogue, deadLetterTopics),
);
writeYaml(
  'asyncapi.yaml',
  'Generated from the topic catalogue and proto/; edits are lost.',
  asyncApiDocument({
    catalogue: topicCatalogue,
    version,
    protoText: (file) => readFileSync(path.join(protoFolder, file), 'utf8'),
  }),
);
