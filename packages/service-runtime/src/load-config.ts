import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { ConfigError, type ConfigProblem } from './config-problem.ts';
import { type ConfigFile, type Environment, emptyConfigFile, readConfigFile, readSecretFile } from './config-source.ts';
import { nearestName } from './nearest-name.ts';
import { expectationOf, type Setting, settingsOf } from './setting.ts';

export interface LoadConfigOptions<Schema extends TSchema> {
  readonly service: string;
  readonly schema: Schema;
  readonly environment: Environment;
  /** Rules between settings. They run only when every single setting is right. */
  readonly rules?: (config: Static<Schema>) => readonly ConfigProblem[];
}

/**
 * Reads the settings of a schema from the environment (`KEMPT_*`), from the YAML file that `KEMPT_CONFIG_FILE` names and
 * from the defaults, in this order of precedence. Unknown keys are refused, since a misspelt setting is otherwise in force
 * with its default and nobody knows. Throws `ConfigError` with all problems.
 */
export function loadConfig<Schema extends TSchema>(options: LoadConfigOptions<Schema>): Static<Schema> {
  const { service, schema, environment, rules } = options;
  const settings = settingsOf(schema);
  const problems: ConfigProblem[] = [];
  const paths = new Set(settings.map((setting) => setting.path.join('.')));
  const fileName = environment.KEMPT_CONFIG_FILE;
  const file =
    fileName === undefined || fileName === ''
      ? emptyConfigFile
      : readConfigFile(fileName, (path) => paths.has(path), problems);

  refuseUnknown(settings, environment, problems);
  refuseUnknownInFile(settings, file, problems);

  const config: Record<string, unknown> = {};
  for (const setting of settings) {
    const value = valueOf({ setting, environment, file, problems });
    place(config, setting.path, value);
  }
  if (problems.length === 0 && rules !== undefined) problems.push(...rules(config as Static<Schema>));
  if (problems.length > 0) throw new ConfigError(service, problems);
  return config as Static<Schema>;
}

interface Lookup {
  readonly setting: Setting;
  readonly environment: Environment;
  readonly file: ConfigFile;
  readonly problems: ConfigProblem[];
}

/** A value with the place it came from, for messages. */
interface Found {
  readonly value: unknown;
  readonly key: string;
  readonly place: string;
}

function valueOf(lookup: Lookup): unknown {
  const { setting, problems } = lookup;
  const problemsBefore = problems.length;
  const found = find(lookup);
  if (problems.length > problemsBefore) return undefined;
  if (found === undefined) {
    if (setting.schema.default !== undefined) return structuredClone(setting.schema.default);
    if (setting.required) {
      problems.push({
        key: setting.name,
        found: 'nothing',
        expected: expectationOf(setting.schema),
        remedy: `Set ${setting.name}${setting.secret ? ` or ${setting.name}_FILE` : ''}${describe(setting)}.`,
      });
    }
    return undefined;
  }
  const value = typeof found.value === 'string' ? parseText(found.value, setting) : found.value;
  if (!Value.Check(setting.schema as TSchema, value)) {
    problems.push({
      key: found.key,
      found: setting.secret ? `a secret of another form ${found.place}` : `${show(found.value)} ${found.place}`,
      expected: expectationOf(setting.schema),
      remedy:
        setting.schema.default === undefined
          ? 'Correct the value.'
          : `Correct the value, or remove it for the default ${show(setting.schema.default)}.`,
    });
  }
  return value;
}

function find({ setting, environment, file, problems }: Lookup): Found | undefined {
  const fromEnvironment = environment[setting.name];
  const fileVariable = `${setting.name}_FILE`;
  const secretFile = setting.secret ? environment[fileVariable] : undefined;
  if (isSet(fromEnvironment) && isSet(secretFile)) {
    problems.push({
      key: setting.name,
      found: `both ${setting.name} and ${fileVariable}`,
      expected: 'one of them',
      remedy: `Remove ${setting.name} or ${fileVariable}.`,
    });
    return undefined;
  }
  if (isSet(fromEnvironment)) return { value: fromEnvironment, key: setting.name, place: 'in the environment' };
  if (isSet(secretFile)) {
    const value = readSecretFile(fileVariable, secretFile, problems);
    return value === undefined ? undefined : { value, key: fileVariable, place: `in ${secretFile}` };
  }
  const path = setting.path.join('.');
  const fromFile = file.leaves.get(path);
  if (fromFile === undefined || fromFile === null) return undefined;
  return { value: fromFile, key: `${path} in ${file.name}`, place: 'in the file' };
}

/** An empty variable counts as not set: compose files and charts cannot leave a variable out as easily. */
function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

/** Text that is not of the setting's type is given back as it is, and so fails the check that follows. */
function parseText(text: string, { schema }: Setting): unknown {
  switch (schema.type) {
    case 'integer':
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
      return text.trim().startsWith('[') ? parseJson(text) : text.split(',').map((item) => item.trim());
    case 'object':
      return parseJson(text);
    default:
      return text;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function place(config: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = config;
  for (const key of path.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined && value !== undefined) at[last] = value;
}

function refuseUnknown(settings: readonly Setting[], environment: Environment, problems: ConfigProblem[]): void {
  const known = new Set(['KEMPT_CONFIG_FILE']);
  for (const setting of settings) {
    known.add(setting.name);
    if (setting.secret) known.add(`${setting.name}_FILE`);
  }
  for (const name of Object.keys(environment).sort()) {
    if (!name.startsWith('KEMPT_') || known.has(name) || isServiceLink(name, environment[name])) continue;
    // A setting that is no secret has no variant with _FILE, which is then what was meant.
    const plain = name.replace(/_FILE$/, '');
    const nearest = known.has(plain) ? plain : nearestName(name, known);
    problems.push({
      key: name,
      found: 'a setting that does not exist',
      expected: nearest === undefined ? 'a known setting' : nearest,
      remedy: nearest === undefined ? `Remove ${name}.` : `Rename it to ${nearest} or remove it.`,
    });
  }
}

/**
 * Kubernetes puts variables for every service of the namespace into each pod: a service called `kempt-gateway` gives
 * `KEMPT_GATEWAY_SERVICE_HOST`, `KEMPT_GATEWAY_PORT_8080_TCP_ADDR` and more. They are no settings.
 */
function isServiceLink(name: string, value: string | undefined): boolean {
  if (/_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$/.test(name)) return true;
  if (/_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value ?? '');
}

function refuseUnknownInFile(settings: readonly Setting[], file: ConfigFile, problems: ConfigProblem[]): void {
  const known = new Set(settings.map((setting) => setting.path.join('.')));
  for (const path of file.leaves.keys()) {
    if (known.has(path)) continue;
    const nearest = nearestName(path, known);
    problems.push({
      key: `${path} in ${file.name}`,
      found: 'a setting that does not exist',
      expected: nearest === undefined ? 'a known setting' : nearest,
      remedy: nearest === undefined ? `Remove ${path}.` : `Rename it to ${nearest} or remove it.`,
    });
  }
}

function describe(setting: Setting): string {
  return setting.schema.description === undefined ? '' : `: ${setting.schema.description.replace(/\.$/, '')}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
