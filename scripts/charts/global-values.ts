import type { TSchema } from 'typebox';
import { serviceNames } from './consumption.ts';
import { choice, flag, group, objects, resources, text, textMap, texts, whole } from './schema.ts';

const certificateSource = (what: string): TSchema =>
  group(what, {
    secret: text('Secret that holds it'),
    configMap: text('ConfigMap that holds it, instead of a Secret'),
    key: text('Key in it', 'ca.crt'),
  });

const privateRanges = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
];

/** What all charts share. The umbrella hands it on to every service. */
export const globalValues = group('What all services share', {
  imageRegistry: text('Registry that goes before every image, such as registry.example.com/mirror'),
  imageTag: text('Tag of every image that names none. Default: the version of the chart'),
  imagePullPolicy: choice('When images are pulled', ['IfNotPresent', 'Always', 'Never'], 'IfNotPresent'),
  imagePullSecrets: texts('Names of Secrets to pull images with'),
  labels: textMap('Labels of every object'),
  annotations: textMap('Annotations of every object'),
  nodeSelector: textMap('Labels of nodes that pods may run on'),
  tolerations: objects('Taints that every pod tolerates'),
  priorityClassName: text('Priority of every pod'),
  extraEnv: objects('Environment variables of every container, such as those of OpenTelemetry'),
  checkApiVersions: flag('Refuse to render resources that the cluster does not know', true),
  reloader: flag('Annotate Deployments for Stakater Reloader, so that changed Secrets restart pods', false),
  services: group(
    'Which services are part of the installation',
    Object.fromEntries(serviceNames.map((name) => [name, flag(`Whether ${name} is`, true)])),
  ),
  bus: choice('What carries events: your Kafka, or Postgres where there is none', ['kafka', 'postgres'], 'kafka'),
  kafka: group('Your Kafka', {
    brokers: texts('Bootstrap brokers as host:port', [], { pattern: '^[^:,\\s]+:[0-9]+$' }),
    topicPrefix: text('Before every topic and group, on a shared cluster; ends with a dot', '', {
      pattern: '^([a-z0-9.-]+\\.)?$',
    }),
    replicationFactor: whole("Copies of topics that Kempt creates; 0 for the cluster's default", 0, 0, 32_767),
    topics: choice(
      'Who creates topics: the services when they start, a Job before each release, KafkaTopic resources of Strimzi, or you',
      ['services', 'job', 'strimzi', 'external'],
      'services',
    ),
    tls: group('Encryption', {
      enabled: flag('Whether connections are encrypted', false),
      ca: certificateSource('Authority that signed the brokers. Default: what Node.js trusts'),
      client: group('Client certificate (mTLS), a Secret of type kubernetes.io/tls', {
        existingSecret: text('Secret that holds it'),
        certificateKey: text('Key of the certificate', 'tls.crt'),
        keyKey: text('Key of the private key', 'tls.key'),
      }),
    }),
    sasl: group('Log-in; a service can have its own under `<service>.kafka`', {
      mechanism: choice(
        'Mechanism; empty for none',
        ['', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'],
        '',
      ),
      username: text('User, or client of oauthbearer'),
      existingSecret: text('Secret that holds the password, or the secret of the client'),
      passwordKey: text('Key of it', 'password'),
      oauth: group('Where tokens of oauthbearer come from, by the client credentials grant', {
        tokenUrl: text('Token endpoint', '', { pattern: '^(https?://[^\\s]+)?$' }),
        scope: text('Scope that is asked for'),
      }),
    }),
    strimzi: group('Resources of the Strimzi operator', {
      cluster: text('Name of the Kafka resource'),
      namespace: text('Its namespace. Default: that of the release'),
      apiVersion: choice(
        'Version of the resources',
        ['kafka.strimzi.io/v1', 'kafka.strimzi.io/v1beta2'],
        'kafka.strimzi.io/v1',
      ),
      users: choice(
        'A KafkaUser for each service with the least rights, and how it logs in',
        ['none', 'scram-sha-512', 'tls'],
        'none',
      ),
      replicas: whole('Copies of each topic', 3, 1),
      minInSyncReplicas: whole('Copies that must have an event before it counts', 2, 1),
    }),
  }),
  wireFormat: choice('How published events are encoded', ['protobuf', 'json', 'confluent'], 'protobuf'),
  schemaRegistry: group('Schema registry, for the wire format confluent', {
    url: text('Address'),
    username: text('User'),
    existingSecret: text('Secret that holds the password'),
    passwordKey: text('Key of the password', 'password'),
  }),
  database: group('Your Postgres, 15 or newer', {
    existingSecret: text(
      'Secret with one URL for each service, under the name of the service: postgres://kempt_dedupe:...@host:5432/kempt',
      'kempt-database',
    ),
    admin: group('Role that may create roles and schemas; only Jobs and init containers see it', {
      existingSecret: text('Secret that holds its URL', 'kempt-database-admin'),
      urlKey: text('Key of the URL', 'url'),
    }),
    ca: certificateSource(
      'Authority that signed the server; URLs name it: ?sslmode=verify-full&sslrootcert=/etc/kempt/secrets/database-ca.crt',
    ),
  }),
  busDatabase: group('Postgres of the bus, with `bus: postgres` and several databases', {
    existingSecret: text('Secret that holds its URLs. Default: the bus shares the database of the services'),
    urlKey: text('Key of the URL', 'url'),
    adminUrlKey: text('Key of the URL of the role that owns its tables'),
  }),
  keys: group('Keys of this installation', {
    existingSecret: text('Secret that holds them', 'kempt-keys'),
    publicKey: text('Key of the Ed25519 public key (PEM) that verifies internal tokens', 'public-key'),
    cursorSecret: text('Key of the secret that signs cursors of lists', 'cursor-secret'),
  }),
  caBundle: certificateSource('Authorities that every program trusts besides the public ones'),
  migrations: group('Changes of the schemas', {
    mode: choice(
      'A Job before each release, an init container of each pod (where hooks are not wanted), or you',
      ['hook', 'initContainer', 'external'],
      'hook',
    ),
    backoffLimit: whole('How often a failed Job is tried again', 2),
    activeDeadlineSeconds: whole('A Job must have ended in this time', 600, 1),
    ttlSecondsAfterFinished: whole('How long a Job that ended is kept with its logs', 86_400),
    serviceAccountName: text('Service account of Jobs, which run before those of the release exist', 'default'),
    resources: resources('Resources of a Job', { cpu: '50m', memory: '256Mi' }),
  }),
  networkPolicy: group('Who may reach whom. Needs a network plug-in that enforces NetworkPolicies', {
    enabled: flag('Whether there are NetworkPolicies: everything that is not named is denied', true),
    clients: group('Who may reach the gateway', {
      from: objects('Peers, such as the namespace of your ingress controller'),
    }),
    monitoring: group('Who may read metrics', { from: objects('Peers, such as the namespace of Prometheus') }),
    dns: group('Name resolution', {
      to: objects('Peers', [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
          podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
        },
      ]),
    }),
    kafka: group('Kafka', {
      ports: texts('Ports besides those of `kafka.brokers`, where brokers advertise others', [], {
        pattern: '^[0-9]+$',
      }),
      to: objects('Peers. Default: everybody who answers on these ports'),
    }),
    database: group('Postgres', {
      ports: texts('Ports', ['5432'], { pattern: '^[0-9]+$' }),
      to: objects('Peers. Default: everybody who answers on these ports'),
    }),
    crm: group('The CRMs, which only the connector reaches', {
      ports: texts('Ports', ['443'], { pattern: '^[0-9]+$' }),
      to: objects('Peers, such as an egress proxy. Default: every public address'),
      except: texts('Ranges that are not public', privateRanges),
    }),
    extraEgress: objects('Egress rules of every service, such as to a collector of traces'),
  }),
  monitoring: group('Prometheus and Grafana', {
    serviceMonitor: group('ServiceMonitor of each service, for the Prometheus operator', {
      enabled: flag('Whether there is one', false),
      interval: text('How often metrics are read; the rules expect 30s at most', '15s', { pattern: '^[0-9]+(s|m)$' }),
      labels: textMap('Labels by which your Prometheus finds it'),
    }),
    prometheusRule: group('Recording rules and alerts', {
      enabled: flag('Whether they are installed', false),
      labels: textMap('Labels by which your Prometheus finds them'),
      runbookBaseUrl: text(
        'Where you serve the folder deploy/observability/runbooks; alerts link to a page of their name below it. Default: the path in the source',
      ),
    }),
    dashboards: group("ConfigMaps for the sidecar of Grafana's chart", {
      enabled: flag('Whether they are installed', false),
      namespace: text('Their namespace. Default: that of the release'),
      labels: textMap('Labels by which the sidecar finds them', { grafana_dashboard: '1' }),
      annotations: textMap('Annotations, such as the folder in Grafana'),
    }),
  }),
  keda: group('Scaling of consumers by lag', {
    enabled: flag('Whether consumers get a ScaledObject', false),
  }),
  simulators: group('Simulated CRMs, for a demonstration', {
    enabled: flag('Whether they run and the connector is connected to them', false),
  }),
});
