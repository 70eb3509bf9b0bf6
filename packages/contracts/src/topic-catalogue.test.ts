import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { sampleEvents } from './sample-events.ts';
import { topicCatalogue } from './topic-catalogue.ts';
import { kafkaTopicSettings } from './topics-document.ts';

const services = readdirSync(fileURLToPath(new URL('../../../services', import.meta.url)));

describe('the topic catalogue', () => {
  test('names every topic once', () => {
    const names = topicCatalogue.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each([...topicCatalogue])('$name follows the naming rule and belongs to a service', (topic) => {
    const [, owner, subject, major] = /^kempt\.([a-z-]+)\.((?:[a-z]+-)+[a-z]+)\.v(\d+)$/.exec(topic.name) ?? [];
    expect(owner).toBe(topic.owner);
    expect(services).toContain(topic.owner);
    expect(topic.message.typeName).toMatch(new RegExp(`^kempt\\.${topic.owner.replaceAll('-', '_')}\\.v${major}\\.`));
    const words = (subject ?? '').split('-').map((word) => word[0]?.toUpperCase() + word.slice(1));
    expect(topic.message.name).toBe(words.join(''));
  });

  test.each([...topicCatalogue])('$name has a message, a key with the tenant first, and a sane size', (topic) => {
    expect(topic.message.kind).toBe('message');
    expect(topic.keyPattern).toMatch(/^tenant:[A-Za-z]+(:[A-Za-z]+)*$/);
    expect([3, 6, 12]).toContain(topic.partitions);
    expect(topic.retentionMs).toBeGreaterThanOrEqual(7 * 24 * 3_600_000);
    expect(topic.description).toMatch(/\.$/);
    expect(kafkaTopicSettings(topic)['cleanup.policy']).toBe(topic.cleanup);
  });

  test('says what each event message is for: a message of the definitions that is no part of another has a topic', () => {
    const inTopics = new Set(topicCatalogue.map(({ message }) => message.typeName));
    const files = new Set(topicCatalogue.map(({ message }) => message.file));
    const messages = [...files].flatMap((file) => file.messages);
    const parts = new Set(
      messages.flatMap((message) => message.fields.flatMap((field) => field.message?.typeName ?? [])),
    );
    const alone = messages.map(({ typeName }) => typeName).filter((name) => !parts.has(name));
    expect(alone.filter((name) => !inTopics.has(name))).toEqual([]);
  });

  test('has a sample of every topic, for golden files and corpus', () => {
    expect(
      Object.values(sampleEvents)
        .map(({ topic }) => topic.name)
        .sort(),
    ).toEqual(topicCatalogue.map(({ name }) => name).sort());
  });

  test('is complete: every event definition file belongs to a topic', () => {
    const protoFolder = fileURLToPath(new URL('../../../proto/kempt', import.meta.url));
    const onDisk = readdirSync(protoFolder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.proto') && !file.startsWith('types'))
      .map(
        (file) =>
          `kempt/${file
            .split(path.sep)
            .join('/')
            .replace(/\.proto$/, '')}`,
      );
    const known = new Set(topicCatalogue.map(({ message }) => message.file.name));
    expect(onDisk.filter((file) => !known.has(file))).toEqual([]);
  });
});
