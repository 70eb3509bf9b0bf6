import { setFlagsFromString } from 'node:v8';
import { readDefaultLoad } from './population/load-reader.ts';
import type { PopulationOptions, PopulationSizes } from './population/population.ts';
import { startSimulators } from './simulators.ts';

/** A whole number from the environment; undefined when it is not set. */
function numberSetting(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} must be a whole number, but is "${text}".`);
  return value;
}

function textSetting(name: string): string | undefined {
  const text = process.env[name];
  return text === undefined || text === '' ? undefined : text;
}

function populationSettings(): PopulationOptions {
  const seed = textSetting('KEMPT_SIMULATORS_SEED');
  const sizes = textSetting('KEMPT_SIMULATORS_SIZES');
  const realData = textSetting('KEMPT_SIMULATORS_REAL_DATA');
  return {
    ...(seed === undefined ? {} : { seed }),
    ...(sizes === undefined ? {} : { sizes: JSON.parse(sizes) as Partial<PopulationSizes> }),
    ...(realData === undefined ? {} : { realData: realData !== 'false' }),
  };
}

/** Drops the keys without a value. */
function given<T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

// What the simulators keep is long-lived and what a request makes is small: a young generation that never grows saves memory.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--optimize-for-size');

const loads = await readDefaultLoad(populationSettings());
const simulators = await startSimulators({
  loads,
  ...given({
    host: textSetting('KEMPT_SIMULATORS_HOST'),
    publicHost: textSetting('KEMPT_SIMULATORS_PUBLIC_HOST'),
    dataFolder: textSetting('KEMPT_SIMULATORS_DATA_FOLDER'),
    salesforcePort: numberSetting('KEMPT_SIMULATORS_SALESFORCE_PORT'),
    hubspotPort: numberSetting('KEMPT_SIMULATORS_HUBSPOT_PORT'),
    controlPort: numberSetting('KEMPT_SIMULATORS_CONTROL_PORT'),
  }),
});
const { salesforce, hubspot } = simulators;
process.stdout.write(
  `${JSON.stringify({
    type: 'ready',
    salesforce: { url: salesforce.url, orgId: salesforce.orgId, ...salesforce.credentials },
    hubspot: { url: hubspot.url, portalId: hubspot.portalId, ...hubspot.credentials },
    control: { url: simulators.controlUrl },
  })}\n`,
);

let isStopping = false;
const stop = async (): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  await simulators.stop();
  process.exit(0);
};
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
// A parent that keeps a channel or a pipe open takes the simulators along when it goes.
process.on('disconnect', () => void stop());
if (process.env.KEMPT_SIMULATORS_STOP_WITH_STDIN === 'true') {
  process.stdin.on('end', () => void stop());
  process.stdin.resume();
}
