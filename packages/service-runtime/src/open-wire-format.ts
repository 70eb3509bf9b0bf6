import { createSchemaRegistry, topicCatalogue, type WireFormat } from '@kempt/contracts';
import type { RuntimeConfig } from './runtime-config.ts';

export type WireFormatConfig = Pick<
  RuntimeConfig,
  'wireFormat' | 'schemaRegistryUrl' | 'schemaRegistryUsername' | 'schemaRegistryPassword'
>;

/**
 * How a service encodes what it publishes. For `confluent` the schemas of all topics are registered, which gives their
 * ids; throws `SchemaRegistryError` when that cannot be done now.
 */
export async function openWireFormat(config: WireFormatConfig): Promise<WireFormat> {
  if (config.wireFormat !== 'confluent') return { name: config.wireFormat };
  const { schemaRegistryUsername: username, schemaRegistryPassword: password } = config;
  const registry = createSchemaRegistry({
    url: config.schemaRegistryUrl ?? '',
    ...(username !== undefined && password !== undefined && { credentials: { username, password } }),
  });
  const ids = await registry.register(topicCatalogue);
  return {
    name: 'confluent',
    schemaId: (topic) => {
      const id = ids.get(topic.name);
      if (id === undefined) throw new Error(`Topic ${topic.name} is not in the catalogue, so it has no schema id.`);
      return id;
    },
  };
}
