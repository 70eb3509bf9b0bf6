import { expect, test } from '@jest/globals';
import { runtimeConfigSchema, settingsOf } from '@kempt/service-runtime';
import { serviceNames } from './consumption.ts';
import { describeWithHelm } from './describe-with-helm.ts';
import { stageCharts } from './helm-command.ts';
import { parseObjects, podTemplates } from './kubernetes-object.ts';
import { serviceConfigSchemas } from './service-values.ts';

/** Values under which a chart sets everything that it can. */
const values = [
  'global.kafka.brokers={kafka:9092}',
  'global.kafka.topicPrefix=acme.',
  'global.kafka.replicationFactor=3',
  'global.kafka.tls.enabled=true',
  'global.kafka.tls.ca.secret=ca',
  'global.kafka.tls.client.existingSecret=client',
  'global.kafka.sasl.mechanism=plain',
  'global.kafka.sasl.username=kempt',
  'global.kafka.sasl.existingSecret=kafka',
  'global.wireFormat=confluent',
  'global.schemaRegistry.url=http://registry:8081',
  'global.schemaRegistry.username=kempt',
  'global.schemaRegistry.existingSecret=registry',
  'global.simulators.enabled=true',
];

await describeWithHelm('environment of the charts', (helm) => {
  test.each([
    values,
    [
      ...values,
      'global.kafka.sasl.mechanism=oauthbearer',
      'global.kafka.sasl.oauth.tokenUrl=https://login/token',
      'global.kafka.sasl.oauth.scope=kafka',
    ],
    ['global.bus=postgres', 'global.busDatabase.existingSecret=bus', 'global.busDatabase.adminUrlKey=admin'],
  ])(
    'every variable that a chart sets is a setting of its service, and every secret comes from a file',
    async (...set) => {
      const charts = await stageCharts(helm);
      for (const service of serviceNames) {
        const settings = new Map(
          [...settingsOf(runtimeConfigSchema), ...settingsOf(serviceConfigSchemas[service])].map((one) => [
            one.name,
            one,
          ]),
        );
        const { ok, output } = await charts.render(service, { set });
        expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
        for (const { of, spec } of podTemplates(parseObjects(output))) {
          const folders = (spec.containers[0]?.volumeMounts ?? []).map(({ mountPath }) => mountPath);
          for (const { name, value = '' } of spec.containers[0]?.env ?? []) {
            if (!name.startsWith('KEMPT_') || name === 'KEMPT_CONFIG_FILE') continue;
            const setting = settings.get(name) ?? settings.get(name.replace(/_FILE$/, ''));
            expect({ of, name, known: setting !== undefined }).toEqual({ of, name, known: true });
            expect({ of, name, fromFile: name.endsWith('_FILE') }).toEqual({ of, name, fromFile: setting?.secret });
            if (name.endsWith('_FILE')) expect(folders).toContain(value.slice(0, value.lastIndexOf('/')));
          }
        }
      }
      charts.remove();
    },
    120_000,
  );
});
