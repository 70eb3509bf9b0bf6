/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'packages-never-import-services',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^services/' },
    },
    {
      name: 'services-never-import-services',
      comment: 'They learn of each other by events and over HTTP. Only standalone starts them, by their main entry.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: '^services/standalone/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'only-the-salesforce-client-knows-jsforce',
      severity: 'error',
      from: { pathNot: '^services/connector/src/crm/salesforce/|^packages/crm-simulators/src/.*\\.test\\.ts$' },
      to: { path: 'node_modules/jsforce' },
    },
    {
      name: 'only-the-hubspot-client-knows-its-sdk',
      severity: 'error',
      from: { pathNot: '^services/connector/src/crm/hubspot/|^packages/crm-simulators/src/.*\\.test\\.ts$' },
      to: { path: 'node_modules/@hubspot/' },
    },
    {
      name: 'only-the-kafka-bus-knows-kafkajs',
      severity: 'error',
      from: { pathNot: '^packages/event-bus-kafka/|^scripts/(bench|charts)/' },
      to: { path: 'node_modules/kafkajs' },
    },
    {
      name: 'only-stores-and-storage-packages-speak-to-postgres',
      severity: 'error',
      from: {
        pathNot:
          '^packages/(postgres|event-bus-postgres|outbox)/|-store\\.ts$|\\.integration\\.test\\.ts$|\\.kafka\\.test\\.ts$|^scripts/',
      },
      to: { path: 'node_modules/pg/' },
    },
    {
      name: 'entity-resolution-is-pure',
      severity: 'error',
      from: { path: '^packages/entity-resolution/src', pathNot: '(\\.test\\.ts$|/src/parallel/)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'truth-is-for-scoring-only',
      comment: 'What the simulators know of who is who must not reach the code that has to find it out.',
      severity: 'error',
      from: {
        pathNot:
          '^packages/crm-simulators/src/(truth|generator|real-data)/|^packages/crm-simulators/src/.*\\.test\\.ts$|^packages/demonstration/src/scoring/|^scripts/bench/',
      },
      to: { path: '^packages/crm-simulators/src/truth/' },
    },
    {
      name: 'product-code-never-imports-tests',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$' },
      to: { path: '\\.test\\.ts$' },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-dependencies',
      severity: 'error',
      from: { path: '^(packages|services)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/|src/gen/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
