import { type TSchema, Type } from 'typebox';

// Values of a chart are described once, as a JSON schema; values.yaml, values.schema.json and the tables of the README follow from it.

/** A group of values that takes no key besides its own. */
export function group(description: string, properties: Record<string, TSchema>): TSchema {
  return Type.Object(properties, { additionalProperties: false, description });
}

/** What Helm itself puts among the values of a chart: it is allowed and nobody sets it. */
export const fromHelm: TSchema = Type.Object({}, { additionalProperties: true });

export function text(description: string, value = '', rules: { readonly pattern?: string } = {}): TSchema {
  return Type.String({ description, default: value, ...rules });
}

export function flag(description: string, value: boolean): TSchema {
  return Type.Boolean({ description, default: value });
}

export function whole(description: string, value: number, minimum = 0, maximum?: number): TSchema {
  return Type.Integer({ description, default: value, minimum, ...(maximum === undefined ? {} : { maximum }) });
}

export function choice(description: string, choices: readonly string[], value: string): TSchema {
  return Type.Enum([...choices], { description, default: value });
}

export function texts(
  description: string,
  value: readonly string[] = [],
  rules: { readonly pattern?: string } = {},
): TSchema {
  return Type.Array(Type.String({ minLength: 1, ...rules }), { description, default: [...value] });
}

/** A list in Kubernetes' own terms, which the cluster checks. */
export function objects(description: string, value: readonly object[] = []): TSchema {
  return Type.Array(Type.Object({}, { additionalProperties: true }), { description, default: [...value] });
}

/** A mapping in Kubernetes' own terms, which the cluster checks. */
export function mapping(description: string, value: object = {}): TSchema {
  return Type.Object({}, { additionalProperties: true, description, default: value });
}

/** Labels, annotations: texts by name. A number or a boolean has to be quoted. */
export function textMap(description: string, value: Readonly<Record<string, string>> = {}): TSchema {
  return Type.Object({}, { additionalProperties: Type.String(), description, default: value });
}

export function resources(description: string, value: { cpu: string; memory: string }): TSchema {
  const quantities = Type.Object({}, { additionalProperties: Type.Union([Type.String(), Type.Number()]) });
  return Type.Object(
    { requests: quantities, limits: quantities, claims: Type.Array(Type.Object({}, { additionalProperties: true })) },
    {
      additionalProperties: false,
      description,
      default: { requests: { cpu: value.cpu, memory: value.memory }, limits: { memory: value.memory } },
    },
  );
}

export function image(repository: string): TSchema {
  return group('Image; `global.imageRegistry` goes before it', {
    repository: text('Name of the image', repository, { pattern: '^[a-z0-9][a-z0-9._/-]*$' }),
    tag: text('Tag. Default: `global.imageTag`, else the version of the chart'),
    digest: text('Digest; counts for more than the tag', '', { pattern: '^(sha256:[0-9a-f]{64})?$' }),
  });
}
