import type { TSchema } from 'typebox';

/**
 * One leaf of a configuration schema. Nested keys become one name: `database.adminUrl` is `KEMPT_DATABASE_ADMIN_URL` in the
 * environment and `database: { adminUrl: ... }` in the file.
 */
export interface Setting {
  readonly path: readonly string[];
  /** Name in the environment. */
  readonly name: string;
  readonly schema: SettingSchema;
  readonly required: boolean;
  /** The value is never shown, and may come from the file that `<name>_FILE` names. */
  readonly secret: boolean;
}

/** What the loader reads of a leaf's JSON schema. `secret`, `expected` and `example` are annotations of ours. */
export interface SettingSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly secret?: boolean;
  /** What the setting takes, in words, where the schema itself says it badly. */
  readonly expected?: string;
  readonly example?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SettingSchema[];
  readonly items?: SettingSchema;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
}

/** Every leaf of a schema, in its order. Throws when two leaves would have one name. */
export function settingsOf(schema: TSchema): readonly Setting[] {
  const settings = leavesOf(schema as SettingSchema, [], true);
  const seen = new Map<string, Setting>();
  for (const setting of settings) {
    const other = seen.get(setting.name);
    if (other !== undefined) {
      throw new Error(`Settings ${other.path.join('.')} and ${setting.path.join('.')} are both named ${setting.name}.`);
    }
    seen.set(setting.name, setting);
  }
  return settings;
}

function leavesOf(schema: SettingSchema, path: readonly string[], required: boolean): Setting[] {
  if (schema.properties === undefined) {
    return [{ path, name: environmentName(path), schema, required, secret: schema.secret === true }];
  }
  const requiredKeys = new Set(schema.required ?? []);
  return Object.entries(schema.properties).flatMap(([key, child]) =>
    leavesOf(child, [...path, key], required && requiredKeys.has(key)),
  );
}

/** `['database', 'adminUrl']` is `KEMPT_DATABASE_ADMIN_URL`. */
export function environmentName(path: readonly string[]): string {
  const words = path.map((key) => key.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_'));
  return `KEMPT_${words.join('_')}`.toUpperCase();
}

/** What a setting takes, in words: `an integer from 0 to 65535`. */
export function expectationOf(schema: SettingSchema): string {
  if (schema.expected !== undefined) return schema.expected;
  const choices = choicesOf(schema);
  if (choices !== undefined) return `one of ${choices.map(String).join(', ')}`;
  switch (schema.type) {
    case 'integer':
    case 'number':
      return `${schema.type === 'integer' ? 'an integer' : 'a number'}${rangeOf(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of ${schema.items === undefined ? 'values' : pluralOf(schema.items)}, separated by commas`;
    case 'object':
      return 'a mapping, as JSON in the environment';
    default:
      return textExpectation(schema);
  }
}

/** The allowed values where there are only a few; `undefined` otherwise. */
export function choicesOf(schema: SettingSchema): readonly unknown[] | undefined {
  if (schema.enum !== undefined) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  if (schema.anyOf?.every((one) => one.const !== undefined)) return schema.anyOf.map((one) => one.const);
  return undefined;
}

function rangeOf({ minimum, maximum }: SettingSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  if (maximum !== undefined) return ` of at most ${maximum}`;
  return '';
}

function textExpectation(schema: SettingSchema): string {
  const example = schema.example === undefined ? '' : ` such as ${schema.example}`;
  if (schema.format === 'uri') return `a URL${example}`;
  if (schema.pattern !== undefined) return `text that matches ${schema.pattern}${example}`;
  const { minLength = 0 } = schema;
  if (minLength > 1) return `text of at least ${minLength} characters${example}`;
  return `${minLength === 1 ? 'text that is not empty' : 'text'}${example}`;
}

function pluralOf(schema: SettingSchema): string {
  if (schema.type === 'integer') return 'integers';
  if (schema.type === 'number') return 'numbers';
  return schema.example === undefined ? 'texts' : `texts such as ${schema.example}`;
}
