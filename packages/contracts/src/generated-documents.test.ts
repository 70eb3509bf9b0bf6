import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { deadLetterTopics } from './consumption.ts';
import { topicCatalogue } from './topic-catalogue.ts';
import { topicsDocument } from './topics-document.ts';

const read = (name: string): Buffer => readFileSync(new URL(`../${name}`, import.meta.url));

describe('what is published beside the code', () => {
  test('topics.yaml is the catalogue and the topics of dead letters', () => {
    expect(parse(read('topics.yaml').toString('utf8'))).toEqual(topicsDocument(topicCatalogue, deadLetterTopics));
  });

  test('the descriptor set holds every message, with its comments and its imports', () => {
    const { file } = fromBinary(FileDescriptorSetSchema, read('gen-descriptors/kempt.binpb'));
    const messages = file.flatMap((one) => one.messageType.map(({ name }) => `${one.package}.${name}`));
    for (const { message } of topicCatalogue) expect(messages).toContain(message.typeName);
    const names = new Set(file.map(({ name }) => name));
    expect(file.flatMap(({ dependency }) => dependency).filter((name) => !names.has(name))).toEqual([]);
    expect(
      file.some(({ sourceCodeInfo }) => sourceCodeInfo?.location.some(({ leadingComments }) => leadingComments !== '')),
    ).toBe(true);
  });

  test('the AsyncAPI document has a channel per topic, and every reference in it leads somewhere', () => {
    const document = parse(read('asyncapi.yaml').toString('utf8')) as { channels: Record<string, { address: string }> };
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual(
      topicCatalogue.map(({ name }) => name),
    );
    const follow = (reference: string): unknown =>
      reference
        .slice(2)
        .split('/')
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference = '']) => reference,
    );
    expect(references.length).toBeGreaterThan(topicCatalogue.length);
    expect(references.filter((reference) => follow(reference) === undefined)).toEqual([]);
  });
});
