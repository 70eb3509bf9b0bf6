/** @type {import('jest').Config} */
export default {
  rootDir: '.',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testEnvironmentOptions: { customExportConditions: ['source', 'node'] },
  testMatch: [
    '<rootDir>/packages/**/src/**/*.test.ts',
    '<rootDir>/services/**/src/**/*.test.ts',
    '<rootDir>/deploy/*/src/**/*.test.ts',
    '<rootDir>/scripts/**/*.test.ts',
  ],
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.cache/'],
  testTimeout: 60_000,
};
