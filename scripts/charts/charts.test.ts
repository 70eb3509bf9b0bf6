import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { policyViolations } from './chart-policy.ts';
import { serviceNames } from './consumption.ts';
import { describeWithHelm } from './describe-with-helm.ts';
import { type RenderOptions, type StagedCharts, stageCharts } from './helm-command.ts';
import { type KubernetesObject, parseObjects, podTemplates } from './kubernetes-object.ts';
import { allowedFlows } from './network-flows.ts';
import { renderDifference } from './render-difference.ts';
import { createResourceCheck, kubernetesVersions } from './resource-schemas.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const casesFolder = path.join(root, 'helm/platform/ci');
const rendersFolder = path.join(casesFolder, 'renders');
const isUpdating = process.env['KEMPT_UPDATE_RENDERS'] === '1';

const cases = readdirSync(casesFolder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => path.basename(file, '.yaml'));
/** Schemas are compiled once for each version, which takes longer than everything else here. */
const checks = new Map(kubernetesVersions.map((version) => [version, createResourceCheck(version)]));
const valuesOf = (name: string): string => path.join(casesFolder, `${name}.yaml`);

/** Objects whose content is generated and tested elsewhere: their presence is compared, and nothing in them. */
const isGenerated = ({ kind, metadata }: KubernetesObject): boolean =>
  kind === 'PrometheusRule' || metadata.labels?.['app.kubernetes.io/component'] === 'dashboard';

function compareWithCommitted(name: string, text: string): void {
  const file = path.join(rendersFolder, name);
  if (isUpdating) {
    mkdirSync(rendersFolder, { recursive: true });
    writeFileSync(file, text);
  }
  expect(existsSync(file) ? readFileSync(file, 'utf8') : 'nothing is committed').toBe(text);
}

await describeWithHelm('charts', (helm) => {
  let charts: StagedCharts;
  const renders = new Map<string, readonly KubernetesObject[]>();

  beforeAll(async () => {
    charts = await stageCharts(helm);
    for (const name of cases) {
      const { ok, output } = await charts.render('platform', { valuesFiles: [valuesOf(name)] });
      if (!ok) throw new Error(`${name} does not render: ${output}`);
      renders.set(name, parseObjects(output));
    }
  }, 240_000);
  afterAll(() => charts?.remove());

  const objectsOf = (name: string): readonly KubernetesObject[] => renders.get(name) ?? [];

  async function refusal(chart: string, options: RenderOptions): Promise<string> {
    const { ok, output } = await charts.render(chart, options);
    expect(ok).toBe(false);
    return output;
  }

  test('the matrix holds at least fifteen files of values', () => {
    expect(cases.length).toBeGreaterThanOrEqual(15);
  });

  test.each([...serviceNames, 'platform'])('chart %s passes lint in strict mode', async (chart) => {
    const { ok, output } = await charts.lint(chart, chart === 'platform' ? { valuesFiles: [valuesOf('minimal')] } : {});
    expect({ ok, complaints: output.match(/^\[(WARNING|ERROR)\].*$/gm) ?? [] }).toEqual({ ok: true, complaints: [] });
  });

  describe.each(cases)('values %s', (name) => {
    test.each(kubernetesVersions)('give resources that Kubernetes %s takes in strict mode', (version) => {
      expect(checks.get(version)?.(objectsOf(name))).toEqual([]);
    });

    test('keep every rule of ours', () => {
      expect(policyViolations(objectsOf(name))).toEqual([]);
    });

    test('give what is committed', () => {
      const own = objectsOf(name).filter((object) => !isGenerated(object));
      const difference = renderDifference(objectsOf('minimal'), own);
      if (name !== 'minimal') compareWithCommitted(`${name}.diff`, `${difference.join('\n')}\n`);
    });
  });

  test('the least values give the render that is committed', async () => {
    const { output } = await charts.render('platform', { valuesFiles: [valuesOf('minimal')] });
    compareWithCommitted('minimal.yaml', output);
  });

  test.each(['minimal', 'everything', 'demo', 'roles-split', 'air-gapped'])('values %s: who may reach whom', (name) => {
    compareWithCommitted(`${name}.flows`, `${allowedFlows(objectsOf(name)).join('\n')}\n`);
  });

  test('nothing but what is meant to can be reached or reaches out', () => {
    const flows = allowedFlows(objectsOf('minimal'));
    const to = (target: string): readonly string[] =>
      flows.filter((flow) => flow.includes(`-> ${target}`)).map((flow) => flow.split(' -> ')[0] as string);
    expect(to('crm:443')).toEqual(['connector']);
    expect(to('crm:80')).toEqual([]);
    expect(to('cloud-metadata')).toEqual([]);
    expect(to('private-service')).toEqual([]);
    expect(to('stranger')).toEqual([]);
    expect(flows.filter((flow) => /^(stranger|ingress|prometheus|crm|kafka|postgres)/.test(flow))).toEqual([]);
    expect(to('connector:8080')).toEqual(['gateway', 'metrics']);
    expect(to('gateway:8080')).toEqual(['canary', 'metrics']);
    expect(to('kafka:9092')).toEqual([...serviceNames].sort());
    const databaseClients = [...serviceNames, ...serviceNames.map((service) => `${service}-migrate`), 'provision'];
    expect(to('postgres:5432')).toEqual(databaseClients.sort());
  });

  test('a split connector leads requests to the part that answers them', () => {
    const service = objectsOf('roles-split').find(
      ({ kind, metadata }) => kind === 'Service' && metadata.name === 'kempt-connector',
    );
    expect(service?.spec?.['selector']).toMatchObject({ 'app.kubernetes.io/component': 'webhooks' });
    const roles = podTemplates(objectsOf('roles-split'))
      .filter(({ of }) => of.startsWith('Deployment/kempt-connector'))
      .map(({ spec }) => spec.containers[0]?.env?.find(({ name }) => name === 'KEMPT_CONNECTOR_ROLES')?.value);
    expect(roles).toEqual(['sync', 'writer', 'webhooks']);
  });

  test('an image by digest has no tag, and the registry stands before every image', () => {
    const images = podTemplates(objectsOf('air-gapped')).flatMap(({ spec }) =>
      spec.containers.map(({ image }) => image),
    );
    for (const image of images) expect(image).toMatch(/^registry\.internal\/mirror\/kempt\/[a-z-]+@sha256:(\d)\1{63}$/);
  });

  test('every service sees only its own secrets', () => {
    const keysOf = (service: string): readonly string[] => {
      const pod = podTemplates(objectsOf('minimal')).find(({ of }) => of === `Deployment/kempt-${service}`);
      return (pod?.spec.volumes ?? []).flatMap(({ projected }) =>
        ((projected as { sources: { secret: { items: { key: string }[] } }[] } | undefined)?.sources ?? []).flatMap(
          ({ secret }) => secret.items.map(({ key }) => key),
        ),
      );
    };
    expect(keysOf('dedupe')).toEqual(['dedupe', 'public-key', 'cursor-secret']);
    expect(keysOf('connector')).toEqual(['connector', 'public-key', 'cursor-secret', 'sealing-key']);
    expect(keysOf('gateway')).toEqual(['gateway', 'public-key', 'cursor-secret', 'signing-key', 'bootstrap-api-key']);
  });

  test('the admin role of Postgres is seen by Jobs and init containers only', () => {
    for (const name of cases) {
      for (const { of, kind, spec } of podTemplates(objectsOf(name))) {
        if (kind === 'Job') continue;
        for (const container of spec.containers) {
          expect({ of, mounts: container.volumeMounts?.map((mount) => mount.name) }).not.toMatchObject({
            mounts: expect.arrayContaining(['admin-secrets']),
          });
        }
      }
    }
  });

  test('settings come out as numbers without exponents and lists with commas', () => {
    const connector = podTemplates(objectsOf('everything')).find(({ of }) => of === 'Deployment/kempt-connector-sync');
    const env = Object.fromEntries((connector?.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
    expect(env).toMatchObject({
      KEMPT_CONNECTOR_POLL_INTERVAL_MS: '1048576',
      KEMPT_CONNECTOR_ALLOWED_HOSTS: 'proxy.internal:8443',
      KEMPT_CONNECTOR_READ_ONLY: 'true',
    });
  });

  test.each([
    ['platform', 'gateway.replicas=3', "additional properties 'replicas' not allowed"],
    ['platform', 'kafka.brokers={a:1}', "additional properties 'kafka' not allowed"],
    ['platform', 'global.kafka.broker=a:1', "additional properties 'broker' not allowed"],
    ['platform', 'connector.settings.connector.pollInterval=5', "additional properties 'pollInterval' not allowed"],
    ['platform', 'connector.settings.connector.sealingKey=x', "additional properties 'sealingKey' not allowed"],
    ['platform', 'connector.settings.connector.pollIntervalMs=1', '/connector/settings/connector/pollIntervalMs'],
    [
      'platform',
      'global.kafka.sasl.mechanism=scram',
      "value must be one of '', 'plain', 'scram-sha-256', 'scram-sha-512'",
    ],
    ['dedupe', 'replicaCount=many', '/replicaCount'],
    ['gateway', 'image.digest=abc', '/image/digest'],
  ])('%s --set %s is refused by name', async (chart, set, reason) => {
    const valuesFiles = [valuesOf('minimal')];
    expect(await refusal(chart, { valuesFiles, set: [set] })).toContain(reason);
  });

  test.each([
    ['global.bus=kafka', 'set global.kafka.brokers'],
    [
      'global.kafka.brokers={k:1},global.kafka.sasl.mechanism=plain',
      'set global.kafka.sasl.username and global.kafka.sasl.existingSecret',
    ],
    ['global.kafka.brokers={k:1},global.wireFormat=confluent', 'set global.schemaRegistry.url'],
    ['global.kafka.brokers={k:1},global.kafka.topics=strimzi', 'set global.kafka.strimzi.cluster'],
    ['global.kafka.brokers={k:1},global.kafka.tls.ca.secret=x', 'global.kafka.tls.enabled is false'],
    [
      'global.kafka.brokers={k:1},externalSecrets.enabled=true',
      'set global.migrations.mode to initContainer or external',
    ],
    ['global.kafka.brokers={k:1},gateway.ingress.enabled=true', 'set ingress.hosts'],
    ['global.kafka.brokers={k:1},gateway.httpRoute.enabled=true', 'set httpRoute.parentRefs'],
    ['global.kafka.brokers={k:1},dedupe.fullnameOverride=x', 'set gateway.upstreams.dedupe to http://x:8080'],
    ['global.kafka.brokers={k:1},global.kafka.topics=job,global.migrations.mode=external', 'which is a hook'],
  ])('values that do not fit together are told what to set: %s', async (set, remedy) => {
    expect(await refusal('platform', { set: set.split(/,(?=[a-zA-Z.]+=)/) })).toContain(remedy);
  });

  test.each([
    ['keda', 'keda.sh/v1alpha1', 'global.keda.enabled=false'],
    ['monitoring', 'monitoring.coreos.com/v1', 'global.monitoring.'],
    ['gateway-api', 'gateway.networking.k8s.io/v1', 'gateway.httpRoute.enabled=false'],
    ['external-secrets', 'external-secrets.io/v1', 'externalSecrets.enabled=false'],
    ['strimzi', 'kafka.strimzi.io/v1', 'global.kafka.'],
  ])('values %s on a cluster without %s are told how to go on', async (name, api, off) => {
    const without = { valuesFiles: [valuesOf(name)], apiVersions: [] };
    const said = await refusal('platform', without);
    expect(said).toContain(`does not know ${api}`);
    expect(said).toContain(off);
    expect(await charts.render('platform', { ...without, set: ['global.checkApiVersions=false'] })).toMatchObject({
      ok: true,
    });
  });

  test('every alert links to its runbook where runbooks are served', () => {
    const rules = objectsOf('monitoring').filter(({ kind }) => kind === 'PrometheusRule');
    const text = JSON.stringify(rules);
    const alerts = [...text.matchAll(/"alert":"(\w+)"/g)].map(([, alert]) => alert);
    const links = [...text.matchAll(/"runbook_url":"([^"]+)"/g)].map(([, link]) => link);
    expect(alerts.length).toBeGreaterThan(0);
    expect(links).toEqual(alerts.map((alert) => `https://runbooks.example.com/kempt/${alert}.md`));
  });

  test('the monitoring of the umbrella renders while nothing has been generated for it', async () => {
    const bare = await stageCharts(helm, charts.folder);
    rmSync(path.join(bare.folder, 'platform/files/generated/rules.yaml'), { force: true });
    rmSync(path.join(bare.folder, 'platform/files/generated/dashboards'), { force: true, recursive: true });
    const { ok, output } = await bare.render('platform', { valuesFiles: [valuesOf('monitoring')] });
    bare.remove();
    expect(ok).toBe(true);
    expect(parseObjects(output).filter(isGenerated)).toEqual([]);
  });

  test.each(serviceNames)('the chart of %s works by itself', async (service) => {
    const { ok, output } = await charts.render(service, { set: ['global.kafka.brokers={kafka:9092}'] });
    expect(ok).toBe(true);
    const objects = parseObjects(output);
    expect(checks.get('1.34')?.(objects)).toEqual([]);
    expect(policyViolations(objects)).toEqual([]);
  });
});
