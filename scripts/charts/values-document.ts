import { stringify } from 'yaml';

/** What these functions read of a JSON schema. */
export interface ValueSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

/** One value that can be set. */
export interface Value {
  readonly path: string;
  readonly schema: ValueSchema;
  readonly default: unknown;
}

/** What has no description is none of the values that people set. */
const shown = (schema: ValueSchema): readonly [string, ValueSchema][] =>
  Object.entries(schema.properties ?? {}).filter(([, { description }]) => description !== undefined);

/** A group is opened; what has a default of its own is one value, however deep it is. */
const isGroup = (schema: ValueSchema): boolean => schema.properties !== undefined && schema.default === undefined;

/** Every value of a schema, in its order. */
export function valuesOf(schema: ValueSchema, prefix = ''): readonly Value[] {
  return shown(schema).flatMap(([key, child]) =>
    isGroup(child)
      ? valuesOf(child, `${prefix}${key}.`)
      : [{ path: prefix + key, schema: child, default: child.default }],
  );
}

/** The schema as values.yaml: every value with its default, and above it what it means. */
export function valuesYaml(schema: ValueSchema, heading: string): string {
  return `# ${heading}\n${linesOf(schema, 0, true).join('\n')}\n`;
}

function linesOf(schema: ValueSchema, depth: number, spaced = false): readonly string[] {
  const indent = '  '.repeat(depth);
  return shown(schema).flatMap(([key, child]) => {
    const lines = [...(spaced ? [''] : []), `${indent}# ${describe(child)}`];
    if (isGroup(child)) return [...lines, `${indent}${key}:`, ...linesOf(child, depth + 1)];
    const text = stringify({ [key]: child.default }, { lineWidth: 0 }).trimEnd();
    return [...lines, ...text.split('\n').map((line) => indent + line)];
  });
}

function describe({ description = '', enum: choices }: ValueSchema): string {
  if (choices === undefined) return `${description}.`.replaceAll('`', '');
  return `${description}: ${choices.map((one) => (one === '' ? '""' : String(one))).join(' | ')}`.replaceAll('`', '');
}

/** The schema as a table in Markdown. */
export function valuesTable(schema: ValueSchema, prefix = ''): string {
  const rows = valuesOf(schema, prefix).map(({ path, schema: { description = '', enum: choices }, default: value }) => {
    const takes =
      choices === undefined ? '' : ` (${choices.map((one) => `\`${one === '' ? '""' : String(one)}\``).join(', ')})`;
    return `| \`${path}\` | ${escaped(description)}${takes} | \`${escaped(JSON.stringify(value))}\` |`;
  });
  return ['| Value | Meaning | Default |', '|---|---|---|', ...rows].join('\n');
}

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<');

/**
 * The schema as Helm checks it. Nothing is required, since Helm checks values together with the defaults, and a part of them has
 * to be enough for whoever hands values on.
 */
export function valuesSchemaJson(schema: object, title: string): string {
  const { description: _description, ...rest } = plain(schema) as Record<string, unknown>;
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title, ...rest }, null, 2)}\n`;
}

function plain(part: unknown, isProperties = false): unknown {
  if (Array.isArray(part)) return part.map((one) => plain(one));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .filter(([key]) => isProperties || (key !== 'required' && key !== 'default'))
      .map(([key, child]) => [key, plain(child, key === 'properties' && !isProperties)]),
  );
}
