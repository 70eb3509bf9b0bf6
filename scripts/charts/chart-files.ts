import { consumption, deadLetterTopics, kafkaTopicSettings, topicCatalogue } from '@kempt/contracts';
import { runtimeConfigSchema } from '@kempt/service-runtime';
import { stringify } from 'yaml';
import { serviceNames } from './consumption.ts';
import { globalValues } from './global-values.ts';
import { accessRules } from './kafka-access.ts';
import { platformValues } from './platform-values.ts';
import { fromHelm, group as valuesGroup } from './schema.ts';
import { serviceValues } from './service-values.ts';
import { strimziExample } from './strimzi-example.ts';
import { type ValueSchema, valuesSchemaJson, valuesTable, valuesYaml } from './values-document.ts';

const notice = 'Generated; edits are lost. What it comes from: scripts/charts.';
const document = (content: object): string => `# ${notice}\n${stringify(content, { lineWidth: 0 })}`;

/** What a topic of the charts says, for Strimzi and for people. */
export interface ChartTopic {
  readonly name: string;
  readonly owner: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string | number>>;
}

/** Every topic of the catalogue, then the topics of dead letters, which consumers expect where they may not create them. */
export function chartTopics(): readonly ChartTopic[] {
  const declared = topicCatalogue.map((topic) => ({
    name: topic.name,
    owner: topic.owner,
    partitions: topic.partitions,
    settings: kafkaTopicSettings(topic),
  }));
  const deadLetters = deadLetterTopics.map((topic) => ({
    name: topic.name,
    owner: topic.owner,
    partitions: topic.partitions,
    settings: kafkaTopicSettings(topic),
  }));
  return [...declared, ...deadLetters];
}

/** Every generated file of the charts by its path in the repository. `read` gives the pages whose tables are filled in. */
export function generatedChartFiles(read: (file: string) => string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const perService = new Map(serviceNames.map((name) => [name, serviceValues(name, runtimeConfigSchema)]));
  for (const [name, properties] of perService) {
    // The library chart is called service; Helm hands it values under its name.
    const schema = valuesGroup(`Values of ${name}`, { global: globalValues, ...properties, service: fromHelm });
    files.set(`helm/${name}/values.yaml`, valuesYaml(schema as ValueSchema, notice));
    files.set(`helm/${name}/values.schema.json`, valuesSchemaJson(schema, `Values of ${name}`));
  }
  const services = Object.fromEntries(
    [...perService].map(([name, properties]) => [
      name,
      valuesGroup(`Values of ${name}`, { ...properties, global: fromHelm, service: fromHelm }),
    ]),
  );
  const umbrella = valuesGroup('Values of platform', {
    global: globalValues,
    ...platformValues,
    ...services,
    service: fromHelm,
  });
  files.set('helm/platform/values.schema.json', valuesSchemaJson(umbrella, 'Values of platform'));
  const own = valuesGroup('', { global: globalValues, ...platformValues });
  const pointers = serviceNames.map(
    (name) => `\n# Values of ${name}: helm show values helm/${name}, or README.md.\n${name}: {}`,
  );
  files.set('helm/platform/values.yaml', `${valuesYaml(own as ValueSchema, notice)}${pointers.join('\n')}\n`);
  files.set('helm/service/templates/_consumption.tpl', consumptionTemplate());
  files.set('helm/platform/files/generated/topics.yaml', document({ topics: chartTopics() }));
  files.set(
    'helm/platform/files/generated/kafka-access.yaml',
    document({ services: Object.fromEntries(serviceNames.map((name) => [name, accessRules(name)])) }),
  );
  for (const [name, content] of strimziExample(chartTopics())) files.set(`deploy/kafka/${name}`, content);
  files.set(
    'helm/platform/README.md',
    filled(read('helm/platform/README.md'), {
      'global-values': valuesTable({ properties: { global: globalValues as ValueSchema } }),
      'platform-values': valuesTable({ properties: platformValues as Record<string, ValueSchema> }),
      'service-values': serviceNames
        .map((name) => `### ${name}\n\n${valuesTable({ properties: { [name]: services[name] as ValueSchema } })}`)
        .join('\n\n'),
      'kafka-access': accessTable(),
    }),
  );
  return files;
}

function consumptionTemplate(): string {
  const groups = Object.fromEntries(
    Object.entries(consumption).map(([service, own]) => [
      service,
      own.map(({ group, role, topics }) => ({
        group,
        ...(role === undefined ? {} : { role }),
        topics: topics.map(({ name }) => name),
      })),
    ]),
  );
  return `{{/* ${notice} */}}\n{{- define "service.consumption" -}}\n${JSON.stringify(groups, null, 2)}\n{{- end -}}\n`;
}

function accessTable(): string {
  const rows = serviceNames.flatMap((service) =>
    accessRules(service).map(
      ({ resource, name, pattern, operations }) =>
        `| ${service} | ${resource} \`${name}\`${pattern === 'prefix' ? ', prefixed' : ''} | ${operations.join(', ')} |`,
    ),
  );
  return ['| Service | Resource | Operations |', '|---|---|---|', ...rows].join('\n');
}

/** Replaces what stands between `<!-- name:begin -->` and `<!-- name:end -->`. */
export function filled(page: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`The page has no place for ${name}: ${begin} ... ${end}`);
    return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
  }, page);
}
