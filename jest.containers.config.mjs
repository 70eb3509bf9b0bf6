import base from './jest.config.mjs';

/** Tests that need Docker and built images; `scripts/test-images` runs them. */
export default { ...base, testMatch: ['<rootDir>/scripts/**/*.container-test.ts'] };
