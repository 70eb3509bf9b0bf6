import { resolve } from 'node:path';
import { StandaloneError } from './errors.ts';

/** Settings of standalone, all from the environment, all with a default. */
export interface StandaloneConfig {
  /** Where everything that must survive a restart lives. */
  readonly dataFolder: string;
  /** Port of the API on 127.0.0.1; 0 takes a free one. */
  readonly httpPort: number;
  readonly logLevel: string;
  /** Seed of the simulated CRMs. */
  readonly seed: string;
  /** How often the CRMs are asked for changes. */
  readonly syncIntervalMs: number;
}

export function readConfig(environment: NodeJS.ProcessEnv, checkoutFolder: string): StandaloneConfig {
  return {
    dataFolder: resolve(environment['KEMPT_DATA_DIR'] ?? resolve(checkoutFolder, '.kempt')),
    httpPort: wholeNumber(environment, 'KEMPT_HTTP_PORT', { fallback: 8080, min: 0, max: 65_535 }),
    logLevel: environment['KEMPT_LOG_LEVEL'] ?? 'warn',
    seed: environment['KEMPT_SIMULATOR_SEED'] ?? 'kempt',
    syncIntervalMs: wholeNumber(environment, 'KEMPT_SYNC_INTERVAL_MS', { fallback: 5_000, min: 100, max: 86_400_000 }),
  };
}

function wholeNumber(
  environment: NodeJS.ProcessEnv,
  name: string,
  range: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const text = environment[name];
  if (text === undefined || text === '') return range.fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < range.min || value > range.max) {
    throw new StandaloneError(
      'STANDALONE_SETTING',
      `${name} is "${text}"; it must be a whole number from ${range.min} to ${range.max}. Correct or unset it.`,
    );
  }
  return value;
}
