import { toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Topic } from './topic.ts';

/** What the registry said no to, or why it could not be asked. */
export class SchemaRegistryError extends Error {
  override readonly name = 'SchemaRegistryError';
  readonly code: 'registry-unreachable' | 'registry-refused' | 'schema-incompatible' | 'schema-unknown';
  readonly retriable: boolean;
  readonly status: number | undefined;

  constructor(
    code: SchemaRegistryError['code'],
    message: string,
    details: { retriable: boolean; status?: number; cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retriable = details.retriable;
    this.status = details.status;
  }
}

export interface SchemaRegistryOptions {
  /** Base URL of a registry that speaks Confluent's REST API: Confluent, Karapace, Apicurio (its compatibility path). */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Bound of each request. Default 10,000. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

interface RegistrySchema {
  readonly schemaType: 'PROTOBUF';
  /** A FileDescriptorProto in base64, which registries take beside .proto text. */
  readonly schema: string;
  readonly references: readonly SchemaReference[];
}

export interface SchemaRegistry {
  /** Registers the schema of each topic as `<topic>-value`, imports first. Resolves to the schema id by topic name. */
  register(topics: readonly Topic[]): Promise<ReadonlyMap<string, number>>;
  /**
   * True when consumers of the newest registered version can live with the schema that this release has. Registers its
   * imports, since the registry compares nothing whose imports it does not know.
   */
  isCompatible(topic: Topic): Promise<boolean>;
  /** What the registry keeps under an id. */
  schemaById(id: number): Promise<{ readonly schemaType: string; readonly schema: string }>;
}

type ProtoFile = Topic['message']['file'];

const mediaType = 'application/vnd.schemaregistry.v1+json';

/** A client of a schema registry, for the wire format `confluent`. Repeating a call changes nothing. */
export function createSchemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  const request = options.fetch ?? fetch;
  const base = options.url.replace(/\/+$/, '');
  const headers: Record<string, string> = { accept: mediaType, 'content-type': mediaType };
  if (options.credentials !== undefined) {
    const { username, password } = options.credentials;
    headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    let response: Response;
    try {
      response = await request(`${base}${path}`, {
        method,
        headers,
        signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
        ...(body && { body: JSON.stringify(body) }),
      });
      if (response.ok) return (await response.json()) as T;
    } catch (error) {
      throw new SchemaRegistryError('registry-unreachable', `The schema registry at ${base} does not answer`, {
        retriable: true,
        cause: error,
      });
    }
    const { status } = response;
    const answer = (await response.json().catch(() => ({}))) as { message?: string };
    const reason = `${method} ${path}: ${status} ${answer.message ?? ''}`.trim();
    if (status === 404)
      throw new SchemaRegistryError('schema-unknown', `The schema registry does not know it: ${reason}`, {
        retriable: false,
        status,
      });
    if (status === 409)
      throw new SchemaRegistryError(
        'schema-incompatible',
        `The schema registry refuses the schema, since consumers of the version before could not read it: ${reason}`,
        { retriable: false, status },
      );
    throw new SchemaRegistryError('registry-refused', `The schema registry answered ${reason}`, {
      retriable: status === 429 || status >= 500,
      status,
    });
  }

  /** Imports are registered under the path of their file, each before those that import it. */
  async function registerImports(file: ProtoFile): Promise<readonly SchemaReference[]> {
    const references: SchemaReference[] = [];
    for (const dependency of file.dependencies) {
      // Registries bring google/protobuf themselves.
      if (dependency.name.startsWith('google/protobuf/')) continue;
      const subject = `${dependency.name}.proto`;
      const schema = schemaOf(dependency, await registerImports(dependency));
      await call('POST', versionsOf(subject), schema);
      const { version } = await call<{ version: number }>('POST', `/subjects/${encodeURIComponent(subject)}`, schema);
      references.push({ name: subject, subject, version });
    }
    return references;
  }

  return {
    register: async (topics) => {
      const ids = new Map<string, number>();
      for (const { name, message } of topics) {
        const schema = schemaOf(message.file, await registerImports(message.file));
        const { id } = await call<{ id: number }>('POST', versionsOf(`${name}-value`), schema);
        ids.set(name, id);
      }
      return ids;
    },
    isCompatible: async ({ name, message }) => {
      const subject = encodeURIComponent(`${name}-value`);
      try {
        const schema = schemaOf(message.file, await registerImports(message.file));
        const answer = await call<{ is_compatible: boolean }>(
          'POST',
          `/compatibility/subjects/${subject}/versions/latest`,
          schema,
        );
        return answer.is_compatible;
      } catch (error) {
        if (!(error instanceof SchemaRegistryError)) throw error;
        // With no version registered, no consumer can be hurt.
        if (error.code === 'schema-unknown') return true;
        // One of its imports is what consumers could not live with.
        if (error.code === 'schema-incompatible') return false;
        throw error;
      }
    },
    schemaById: async (id) => {
      const answer = await call<{ schemaType?: string; schema: string }>('GET', `/schemas/ids/${id}`);
      // Registries leave the type out where it is their default.
      return { schemaType: answer.schemaType ?? 'AVRO', schema: answer.schema };
    },
  };
}

function versionsOf(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}/versions`;
}

function schemaOf(file: ProtoFile, references: readonly SchemaReference[]): RegistrySchema {
  const bytes = toBinary(FileDescriptorProtoSchema, file.proto);
  return { schemaType: 'PROTOBUF', schema: Buffer.from(bytes).toString('base64'), references };
}
