import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Type } from 'typebox';
import { ConfigError, type ConfigProblem } from './config-problem.ts';
import type { Environment } from './config-source.ts';
import { loadConfig } from './load-config.ts';
import { type RuntimeConfig, runtimeConfigRules, runtimeConfigSchema } from './runtime-config.ts';
import { settingsTable } from './settings-table.ts';

const schema = Type.Object({
  http: Type.Object({ port: Type.Integer({ default: 8080, minimum: 0, maximum: 65535 }) }),
  database: Type.Object({
    url: Type.String({ secret: true, minLength: 1, description: 'Where the data is.' }),
    adminUrl: Type.Optional(Type.String({ secret: true })),
  }),
  mode: Type.Union([Type.Literal('fast'), Type.Literal('safe')], { default: 'safe' }),
  ratio: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  isEager: Type.Boolean({ default: false }),
  brokers: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'Some | of them' }),
  limits: Type.Record(Type.String(), Type.Integer(), { default: {} }),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kempt-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(content: string, name = 'kempt.yaml'): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

const required: Environment = { KEMPT_DATABASE_URL: 'postgres://db' };

function load(environment: Environment): ReturnType<typeof loadConfig<typeof schema>> {
  return loadConfig({ service: 'dedupe', schema, environment });
}

function problemsOf(environment: Environment): readonly ConfigProblem[] {
  try {
    load(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('precedence', () => {
  test('defaults fill what nothing sets', () => {
    expect(load(required)).toEqual({
      http: { port: 8080 },
      database: { url: 'postgres://db' },
      mode: 'safe',
      isEager: false,
      brokers: [],
      limits: {},
    });
  });

  test('the file wins over defaults and the environment over the file', () => {
    const file = fileWith('http: { port: 1 }\nmode: fast\nlimits: { contact: 5 }\nbrokers: [a, b]\n');
    expect(load({ ...required, KEMPT_CONFIG_FILE: file, KEMPT_HTTP_PORT: '2' })).toMatchObject({
      http: { port: 2 },
      mode: 'fast',
      limits: { contact: 5 },
      brokers: ['a', 'b'],
    });
  });

  test('text of the environment becomes what the setting is', () => {
    expect(
      load({
        ...required,
        KEMPT_RATIO: '0.5',
        KEMPT_IS_EAGER: 'true',
        KEMPT_BROKERS: 'one:1, two:2',
        KEMPT_LIMITS: '{"contact":5}',
      }),
    ).toMatchObject({ ratio: 0.5, isEager: true, brokers: ['one:1', 'two:2'], limits: { contact: 5 } });
  });

  test('an empty variable counts as not set', () => {
    expect(load({ ...required, KEMPT_HTTP_PORT: '' }).http.port).toBe(8080);
  });

  test('a secret may come from a file, without the line end of its last line', () => {
    const file = fileWith('postgres://secret\n', 'url');
    expect(load({ KEMPT_DATABASE_URL_FILE: file }).database.url).toBe('postgres://secret');
  });
});

describe('refusals', () => {
  test('every problem is told at once, each with key, finding, expectation and remedy', () => {
    const problems = problemsOf({
      KEMPT_HTTP_PORT: '80a',
      KEMPT_MODE: 'quick',
      KEMPT_RATIO: '1.5',
      KEMPT_IS_EAGER: 'yes',
    });
    expect(problems).toEqual([
      {
        key: 'KEMPT_HTTP_PORT',
        found: '"80a" in the environment',
        expected: 'an integer from 0 to 65535',
        remedy: 'Correct the value, or remove it for the default 8080.',
      },
      {
        key: 'KEMPT_DATABASE_URL',
        found: 'nothing',
        expected: 'text that is not empty',
        remedy: 'Set KEMPT_DATABASE_URL or KEMPT_DATABASE_URL_FILE: Where the data is.',
      },
      {
        key: 'KEMPT_MODE',
        found: '"quick" in the environment',
        expected: 'one of fast, safe',
        remedy: 'Correct the value, or remove it for the default "safe".',
      },
      {
        key: 'KEMPT_RATIO',
        found: '"1.5" in the environment',
        expected: 'a number from 0 to 1',
        remedy: 'Correct the value.',
      },
      {
        key: 'KEMPT_IS_EAGER',
        found: '"yes" in the environment',
        expected: 'true or false',
        remedy: 'Correct the value, or remove it for the default false.',
      },
    ]);
  });

  test('the message is for people: one line for each problem', () => {
    expect(() => load({ KEMPT_HTTP_PORT: 'x' })).toThrow(
      /^The configuration of dedupe has 2 problems:\n- KEMPT_HTTP_PORT: found "x" in the environment; expected an integer from 0 to 65535\. .*\n- KEMPT_DATABASE_URL: found nothing/,
    );
  });

  test('an unknown variable is refused with the nearest known name', () => {
    expect(problemsOf({ ...required, KEMPT_HTTP_PROT: '1' })).toEqual([
      {
        key: 'KEMPT_HTTP_PROT',
        found: 'a setting that does not exist',
        expected: 'KEMPT_HTTP_PORT',
        remedy: 'Rename it to KEMPT_HTTP_PORT or remove it.',
      },
    ]);
    expect(problemsOf({ ...required, KEMPT_ZZZZZZZZZZZZZZZZ: '1' })[0]?.remedy).toBe('Remove KEMPT_ZZZZZZZZZZZZZZZZ.');
  });

  test('variables that Kubernetes adds for a service of a similar name are no settings', () => {
    expect(
      problemsOf({
        ...required,
        KEMPT_GATEWAY_SERVICE_HOST: '10.0.0.1',
        KEMPT_GATEWAY_SERVICE_PORT: '8080',
        KEMPT_GATEWAY_SERVICE_PORT_HTTP: '8080',
        KEMPT_GATEWAY_PORT: 'tcp://10.0.0.1:8080',
        KEMPT_GATEWAY_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
        KEMPT_GATEWAY_PORT_8080_TCP_PROTO: 'tcp',
        KEMPT_GATEWAY_PORT_8080_TCP_PORT: '8080',
        KEMPT_GATEWAY_PORT_8080_TCP_ADDR: '10.0.0.1',
      }),
    ).toEqual([]);
    expect(problemsOf({ ...required, KEMPT_GATEWAY_PORT: '8080' })).toHaveLength(1);
  });

  test('an unknown key of the file is refused with the nearest known name', () => {
    const file = fileWith('http: { prot: 1 }\n');
    expect(problemsOf({ ...required, KEMPT_CONFIG_FILE: file })).toEqual([
      expect.objectContaining({ key: `http.prot in ${file}`, expected: 'http.port' }),
    ]);
  });

  test('a wrong value of the file is told by its path', () => {
    const file = fileWith('http: { port: many }\nbrokers: none\n');
    expect(problemsOf({ ...required, KEMPT_CONFIG_FILE: file })[0]).toMatchObject({
      key: `http.port in ${file}`,
      found: '"many" in the file',
    });
  });

  test.each([
    ['http: [', 'a readable YAML file'],
    ['just text', 'a readable YAML file'],
  ])('a file that is no mapping is refused: %s', (content, expected) => {
    expect(problemsOf({ ...required, KEMPT_CONFIG_FILE: fileWith(content) })[0]).toMatchObject({
      key: 'KEMPT_CONFIG_FILE',
      expected,
    });
  });

  test('a file that is not there is refused', () => {
    const problems = problemsOf({ ...required, KEMPT_CONFIG_FILE: path.join(folder, 'absent.yaml') });
    expect(problems[0]?.found).toContain('ENOENT');
  });

  test('the value of a secret is never shown', () => {
    const strict = Type.Object({ apiKey: Type.String({ secret: true, minLength: 20 }) });
    const file = fileWith('apiKey: hunter2-in-file\n', 'secrets.yaml');
    for (const environment of [{ KEMPT_API_KEY: 'hunter2' }, { KEMPT_CONFIG_FILE: file }]) {
      expect(() => loadConfig({ service: 's', schema: strict, environment })).toThrow(/found a secret of another form/);
      expect(() => loadConfig({ service: 's', schema: strict, environment })).not.toThrow(/hunter2/);
    }
  });

  test('a secret given twice, or in a file that cannot be read, is refused', () => {
    expect(problemsOf({ ...required, KEMPT_DATABASE_URL_FILE: '/nowhere' })[0]?.found).toBe(
      'both KEMPT_DATABASE_URL and KEMPT_DATABASE_URL_FILE',
    );
    expect(problemsOf({ KEMPT_DATABASE_URL_FILE: '/nowhere/url' })[0]).toMatchObject({
      key: 'KEMPT_DATABASE_URL_FILE',
      found: expect.stringContaining('ENOENT'),
    });
  });

  test('only secrets come from files', () => {
    expect(problemsOf({ ...required, KEMPT_MODE_FILE: '/nowhere' })[0]).toMatchObject({ expected: 'KEMPT_MODE' });
  });

  test('two settings with one name are a mistake that shows at once', () => {
    const clash = Type.Object({ a: Type.Object({ b: Type.Integer() }), aB: Type.Integer() });
    expect(() => loadConfig({ service: 's', schema: clash, environment: {} })).toThrow('both named KEMPT_A_B');
  });
});

describe('common settings', () => {
  const minimal: Environment = { KEMPT_DATABASE_URL: 'postgres://db' };

  function problems(environment: Environment): readonly string[] {
    try {
      loadConfig({
        service: 'dedupe',
        schema: runtimeConfigSchema,
        environment,
        rules: (config) => runtimeConfigRules(config as RuntimeConfig),
      });
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map((problem) => problem.key);
      throw error;
    }
    return [];
  }

  test('a database URL is enough', () => {
    expect(problems(minimal)).toEqual([]);
  });

  test.each<[Environment, string]>([
    [{ KEMPT_BUS: 'kafka' }, 'KEMPT_KAFKA_BROKERS'],
    [{ KEMPT_MIGRATIONS: 'on-start' }, 'KEMPT_DATABASE_ADMIN_URL'],
    [{ KEMPT_WIRE_FORMAT: 'confluent' }, 'KEMPT_SCHEMA_REGISTRY_URL'],
    [
      {
        KEMPT_KAFKA_SASL_MECHANISM: 'oauthbearer',
        KEMPT_KAFKA_OAUTH_CLIENT_ID: 'c',
        KEMPT_KAFKA_OAUTH_CLIENT_SECRET: 's',
      },
      'KEMPT_KAFKA_OAUTH_TOKEN_URL',
    ],
    [{ KEMPT_KAFKA_SASL_MECHANISM: 'plain', KEMPT_KAFKA_SASL_USERNAME: 'u' }, 'KEMPT_KAFKA_SASL_PASSWORD'],
    [{ KEMPT_KAFKA_TLS_KEY: 'pem' }, 'KEMPT_KAFKA_TLS_CERTIFICATE'],
  ])('%j asks for %s', (environment, key) => {
    expect(problems({ ...minimal, ...environment })).toEqual([key]);
  });
});

test('the table of settings names each with type, default and meaning', () => {
  const table = settingsTable(schema);
  expect(table.split('\n').slice(0, 4)).toEqual([
    '| Setting | Takes | Default | Meaning |',
    '|---|---|---|---|',
    '| `KEMPT_HTTP_PORT` | an integer from 0 to 65535 | `8080` |  |',
    '| `KEMPT_DATABASE_URL` | text that is not empty; secret, also by `KEMPT_DATABASE_URL_FILE` | required | Where the data is. |',
  ]);
  expect(table).toContain('Some \\| of them');
});
