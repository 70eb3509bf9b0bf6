import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { equals, fromBinary, fromJsonString, toBinary, toJson } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { withOrderedMaps } from './deterministic-message.ts';
import { readGolden } from './golden-file.ts';
import { sampleEvents } from './sample-events.ts';
import { topicCatalogue } from './topic-catalogue.ts';

// Encoded messages of every release, beside what they meant. Files of a release that is out never change; the first
// test run of a new release writes those that are missing.

const folder = fileURLToPath(new URL('./corpus', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

describe('messages of this release are kept for later ones', () => {
  test.each(Object.values(sampleEvents))('$topic.name', ({ topic, data }) => {
    if (data === null) throw new Error('The samples have data');
    const message = withOrderedMaps(topic.message, data);
    const file = path.join(folder, `${topic.name}-${version}`);
    const meaning = readGolden(`${file}.golden.json`, () =>
      Buffer.from(`${JSON.stringify(toJson(topic.message, message), null, 2)}\n`),
    );
    const bytes = readGolden(`${file}.bin`, () => toBinary(topic.message, message));
    expect(equals(topic.message, fromBinary(topic.message, bytes), message)).toBe(true);
    expect(JSON.parse(meaning.toString('utf8'))).toEqual(toJson(topic.message, message));
  });
});

describe('messages of every release so far are read as they were meant', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.bin'));

  test.each(files)('%s', (name) => {
    const topic = topicCatalogue.find((candidate) => name.startsWith(`${candidate.name}-`));
    if (topic === undefined) throw new Error(`${name} belongs to a topic that the catalogue no longer has`);
    const stored = path.join(folder, name);
    const meaning = fromJsonString(topic.message, readFileSync(stored.replace(/\.bin$/, '.golden.json'), 'utf8'));
    expect(equals(topic.message, fromBinary(topic.message, readFileSync(stored)), meaning)).toBe(true);
  });
});
