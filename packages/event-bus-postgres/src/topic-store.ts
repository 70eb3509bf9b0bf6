import type { TopicDeclaration } from '@kempt/contracts';
import { EventBusError } from '@kempt/event-bus';
import type { Queries } from './connections.ts';

export interface StoredTopic {
  readonly topicId: number;
  /** Without the prefix under which it is stored. */
  readonly name: string;
  readonly partitions: number;
}

/** Topics by name and number. What it has seen once it remembers, since a topic never changes its partitions. */
export interface TopicStore {
  declare(topics: readonly TopicDeclaration[]): Promise<void>;
  /** In the order of the names. Rejects with `unknown-topic` if one was never declared. */
  find(names: readonly string[]): Promise<readonly StoredTopic[]>;
}

export function createTopicStore(queries: Queries, prefix: string): TopicStore {
  const known = new Map<string, StoredTopic>();

  async function load(names: readonly string[]): Promise<void> {
    const rows = await queries.run({
      name: 'load-topics',
      text: 'SELECT topic_id, name, partitions FROM topic WHERE name = ANY ($1::text[])',
      values: [names.map((name) => prefix + name)],
    });
    for (const [topicId, storedName, partitions] of rows as [number, string, number][]) {
      const name = storedName.slice(prefix.length);
      known.set(name, { topicId, name, partitions });
    }
  }

  return {
    async declare(topics) {
      const declared = await queries.run({
        name: 'list-declared-topics',
        text: 'SELECT name, cleanup, retention_ms FROM topic WHERE name = ANY ($1::text[])',
        values: [topics.map(({ name }) => prefix + name)],
      });
      const inLine = new Set(declared.map((row) => row.join(' ')));
      for (const { name, partitions, cleanup, retentionMs } of topics) {
        if (inLine.has(`${prefix}${name} ${cleanup} ${retentionMs}`)) continue;
        await queries.run({
          name: 'declare-topic',
          text: 'SELECT declare_topic($1, $2, $3, $4)',
          values: [prefix + name, partitions, cleanup, retentionMs],
        });
      }
      await load(topics.map(({ name }) => name));
    },
    async find(names) {
      const missing = names.filter((name) => !known.has(name));
      if (missing.length > 0) await load(missing);
      return names.map((name) => {
        const topic = known.get(name);
        if (topic === undefined) {
          throw new EventBusError('unknown-topic', `Topic "${name}" does not exist; declare it by ensureTopics.`);
        }
        return topic;
      });
    },
  };
}

/** The table that holds the events of a topic. The number comes from the database, so the name needs no quotes. */
export function eventTable(topicId: number): string {
  return `event_${topicId}`;
}
