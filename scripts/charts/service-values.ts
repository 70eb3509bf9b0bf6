import { settingsOf } from '@kempt/service-runtime';
import { type TSchema, Type } from 'typebox';
import { connectorConfigSchema } from '../../services/connector/src/config.ts';
import { dataQualityConfigSchema } from '../../services/data-quality/src/config.ts';
import { dedupeConfigSchema } from '../../services/dedupe/src/config.ts';
import { gatewayConfigSchema } from '../../services/gateway/src/config.ts';
import { integrationAuditConfigSchema } from '../../services/integration-audit/src/config.ts';
import { metricsConfigSchema } from '../../services/metrics/src/config.ts';
import { type ServiceName, serviceNames } from './consumption.ts';
import { choice, flag, group, image, mapping, objects, resources, text, textMap, texts, whole } from './schema.ts';

/** What is different between the services. */
interface ServiceFacts {
  readonly config: TSchema;
  readonly resources: { cpu: string; memory: string };
  readonly values?: Record<string, TSchema>;
}

const keySource = (what: string, key: string): TSchema =>
  group(what, {
    existingSecret: text('Secret that holds it. Default: that of `global.keys`'),
    key: text('Key in it', key),
  });

const kedaValues = (enabled: boolean): TSchema =>
  group('Scaling by lag, where `global.keda.enabled` is set', {
    enabled: flag('Whether this service is scaled', enabled),
    minReplicaCount: whole('Least number of pods. With none, KEDA could not see lag before the first commit', 2, 1),
    maxReplicaCount: whole('Largest number of pods; more than a topic has partitions would idle', 6, 1),
    lagThreshold: whole('Events of one topic that one pod may be behind', 1_000, 1),
    pollingInterval: whole('Seconds between two looks', 30, 1),
    cooldownPeriod: whole('Seconds for which there must be nothing to do before there are fewer pods', 300),
  });

const roleValues = (what: string, replicas: number): TSchema =>
  group(what, {
    replicaCount: whole('Number of pods', replicas),
    resources: mapping('Resources of a pod. Default: `resources`'),
  });

const facts: Readonly<Record<ServiceName, ServiceFacts>> = {
  connector: {
    config: connectorConfigSchema,
    resources: { cpu: '100m', memory: '512Mi' },
    values: {
      connections: group('Connections to CRMs that are declared, beside those that are made by the API', {
        existingSecret: text('Secret that holds the whole file, credentials included'),
        key: text('Key of the file', 'connections.yaml'),
        declared: objects(
          'Connections as the README of the connector describes them, with credentials in files only: clientSecretFile: /etc/kempt/credentials/...',
        ),
        fieldMaps: mapping('Changes to the field maps, as the README of the connector describes them'),
        credentials: texts('Secrets whose keys become files in /etc/kempt/credentials'),
      }),
      sealingKey: keySource('Key that seals credentials of connections: 32 bytes in base64', 'sealing-key'),
      roles: group('The parts of the connector as Deployments of their own', {
        split: flag('Whether they are', false),
        sync: roleValues('Reads the CRMs', 2),
        writer: roleValues('Writes what was approved', 2),
        webhooks: roleValues('Answers requests and takes webhooks in', 2),
      }),
      keda: kedaValues(false),
    },
  },
  dedupe: {
    config: dedupeConfigSchema,
    resources: { cpu: '100m', memory: '1Gi' },
    values: { keda: kedaValues(true) },
  },
  'data-quality': {
    config: dataQualityConfigSchema,
    resources: { cpu: '100m', memory: '512Mi' },
    values: { keda: kedaValues(true) },
  },
  'integration-audit': {
    config: integrationAuditConfigSchema,
    resources: { cpu: '50m', memory: '256Mi' },
    values: { keda: kedaValues(true) },
  },
  metrics: {
    config: metricsConfigSchema,
    resources: { cpu: '50m', memory: '256Mi' },
    values: { keda: kedaValues(true) },
  },
  gateway: {
    config: gatewayConfigSchema,
    resources: { cpu: '50m', memory: '256Mi' },
    values: {
      signingKey: keySource('Ed25519 private key (PEM) that signs internal tokens', 'signing-key'),
      bootstrapApiKey: group('The first API key, which makes the others', {
        enabled: flag('Whether there is one; switch it off once there are others', true),
        existingSecret: text('Secret that holds it. Default: that of `global.keys`'),
        key: text('Key in it', 'bootstrap-api-key'),
      }),
      upstreams: group(
        'Where services are found, if not in this release',
        Object.fromEntries(
          serviceNames
            .filter((name) => name !== 'gateway')
            .map((name) => [name, text(`Address of ${name}`, '', { pattern: '^(https?://[^/\\s]+)?$' })]),
        ),
      ),
      ingress: group('Ingress', {
        enabled: flag('Whether there is one', false),
        className: text('Class of the controller'),
        annotations: textMap('Annotations, such as for certificates'),
        hosts: texts('Names under which clients reach the gateway'),
        tlsSecret: text('Secret with the certificate; empty for none'),
      }),
      httpRoute: group('Route of the Gateway API', {
        enabled: flag('Whether there is one', false),
        annotations: textMap('Annotations'),
        parentRefs: objects('Gateways that take the route'),
        hostnames: texts('Names under which clients reach the gateway'),
      }),
      autoscaling: group('HorizontalPodAutoscaler', {
        enabled: flag('Whether there is one', false),
        minReplicas: whole('Least number of pods', 2, 1),
        maxReplicas: whole('Largest number of pods', 6, 1),
        targetCpuUtilization: whole('CPU in percent of the request', 70, 1),
        metrics: objects('Further metrics in the terms of autoscaling/v2'),
      }),
    },
  },
};

/** The settings of each service besides the common ones. */
export const serviceConfigSchemas = Object.fromEntries(
  serviceNames.map((name) => [name, facts[name].config]),
) as Readonly<Record<ServiceName, TSchema>>;

/** Settings that the chart makes from other values, so that nothing is said twice. */
const settingsOfTheChart =
  /^KEMPT_(HTTP_(HOST|PORT|DRAIN_DELAY_MS)|DATABASE_(URL|ADMIN_URL)|MIGRATIONS|BUS.*|KAFKA_.*|ENSURE_TOPICS|TOPIC_PREFIX|WIRE_FORMAT|SCHEMA_REGISTRY_.*|STOP_TIMEOUT_MS|CONNECTIONS|FIELD_MAPS|CONNECTOR_ROLES|GATEWAY_UPSTREAMS_.*)$/;

/** The settings of a service that are no secret, in the form of its configuration file; each is checked as the service does. */
function settingsSchema(service: ServiceName, runtime: TSchema): TSchema {
  const tree: SettingTree = new Map();
  for (const schema of [runtime, facts[service].config]) {
    for (const setting of settingsOf(schema)) {
      if (!setting.secret && !settingsOfTheChart.test(setting.name)) plant(tree, setting.path, setting.schema);
    }
  }
  return grown(tree, {
    default: {},
    description: `Settings of the service in the form of its configuration file, secrets excluded; services/${service}/README.md lists them`,
  });
}

type SettingTree = Map<string, SettingTree | object>;

function plant(tree: SettingTree, [key = '', ...rest]: readonly string[], leaf: object): void {
  if (rest.length === 0) {
    tree.set(key, leaf);
    return;
  }
  const known = tree.get(key);
  const branch: SettingTree = known instanceof Map ? known : new Map();
  tree.set(key, branch);
  plant(branch, rest, leaf);
}

function grown(tree: SettingTree, options: object = {}): TSchema {
  const properties = [...tree].map(([key, child]) => [
    key,
    child instanceof Map ? grown(child) : Type.Unsafe(withoutAnnotations(child)),
  ]);
  return Type.Object(Object.fromEntries(properties) as Record<string, TSchema>, {
    additionalProperties: false,
    ...options,
  });
}

/** Annotations of ours say nothing to whoever reads a schema of values. */
function withoutAnnotations(schema: object): object {
  const {
    default: _default,
    secret: _secret,
    expected: _expected,
    example: _example,
    ...rest
  } = schema as Record<string, unknown>;
  return rest;
}

/** Values of the chart of a service, without `global`. */
export function serviceValues(service: ServiceName, runtime: TSchema): Readonly<Record<string, TSchema>> {
  const own = facts[service];
  return {
    fullnameOverride: text('Name of the objects. Default: <release>-<service>'),
    image: image(`kempt/${service}`),
    replicaCount: whole('Number of pods, where nothing scales them', 2),
    resources: resources(
      'Resources of a pod; three quarters of the memory limit are for the heap of Node.js',
      own.resources,
    ),
    settings: settingsSchema(service, runtime),
    ...own.values,
    database: group('Postgres of this service, where it differs', {
      existingSecret: text('Secret that holds the URL. Default: that of `global.database`'),
      urlKey: text('Key of the URL. Default: the name of the service'),
    }),
    kafka: group('User of Kafka of this service, where it differs', {
      username: text('User'),
      existingSecret: text('Secret that holds the password'),
      passwordKey: text('Key of the password'),
      clientSecret: text('Secret that holds the client certificate'),
    }),
    expose: group('Service of Kubernetes', {
      type: choice('Type', ['ClusterIP', 'NodePort', 'LoadBalancer'], 'ClusterIP'),
      port: whole('Port', 8080, 1, 65_535),
      annotations: textMap('Annotations'),
    }),
    serviceAccount: group('Service account; no token of it is mounted', {
      create: flag('Whether the chart makes it', true),
      name: text('Name. Default: that of the service'),
      annotations: textMap('Annotations, such as for workload identity'),
    }),
    probes: group('Probes of Kubernetes', {
      startup: group('/livez until the first answer', {
        periodSeconds: whole('Seconds between two', 2, 1),
        failureThreshold: whole('How many may fail', 60, 1),
      }),
      liveness: group('/livez: the event loop turns', {
        periodSeconds: whole('Seconds between two', 10, 1),
        timeoutSeconds: whole('Seconds for an answer', 5, 1),
        failureThreshold: whole('How many may fail', 6, 1),
      }),
      readiness: group('/readyz: what is needed to serve is there', {
        periodSeconds: whole('Seconds between two', 5, 1),
        timeoutSeconds: whole('Seconds for an answer', 3, 1),
        failureThreshold: whole('How many may fail', 2, 1),
      }),
    }),
    minReadySeconds: whole('A pod must have been ready for so long before the next one is replaced', 5),
    drainDelayMs: whole('How long a stopping pod still takes requests, so that everybody learns that it goes', 5_000),
    terminationGracePeriodSeconds: whole('Seconds that a pod has to finish its work', 45, 10),
    podDisruptionBudget: group('What drains of nodes may take away', {
      enabled: flag('Whether there is one', true),
      maxUnavailable: whole('How many pods may be missing', 1, 1),
    }),
    topologySpread: group('Pods are spread over zones and nodes', {
      enabled: flag('Whether they are', true),
      whenUnsatisfiable: choice(
        'What happens where that cannot be',
        ['ScheduleAnyway', 'DoNotSchedule'],
        'ScheduleAnyway',
      ),
    }),
    affinity: mapping('Affinity of pods'),
    nodeSelector: textMap('Labels of nodes, besides the global ones'),
    tolerations: objects('Taints that are tolerated, besides the global ones'),
    labels: textMap('Labels of every object'),
    annotations: textMap('Annotations of every object'),
    podLabels: textMap('Labels of pods'),
    podAnnotations: textMap('Annotations of pods'),
    extraEnv: objects('Environment variables'),
    extraVolumes: objects('Volumes'),
    extraVolumeMounts: objects('Mounts of volumes'),
    networkPolicy: group('Rules besides those of the chart', {
      extraIngress: objects('Ingress rules'),
      extraEgress: objects('Egress rules'),
    }),
  };
}
