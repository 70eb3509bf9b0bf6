import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClock } from './clock.ts';
import { startControlApi } from './control-api.ts';
import { type HubSpotSimulator, startHubSpotSimulator } from './hubspot/hubspot-simulator.ts';
import type { CrmLoads } from './population/default-load.ts';
import type { CrmLoadStreams } from './population/load-reader.ts';
import { type SalesforceSimulator, startSalesforceSimulator } from './salesforce/salesforce-simulator.ts';

export interface SimulatorsOptions {
  /** The Salesforce load is read before the HubSpot load. */
  readonly loads: CrmLoads | CrmLoadStreams;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The name by which clients reach them, where they listen on every address. Default: `host`. */
  readonly publicHost?: string;
  /** Folder in which changes and ports are kept. Default: nothing is kept. */
  readonly dataFolder?: string;
  /** 0 or absent for the port of the last run where one is known and free, otherwise any. */
  readonly salesforcePort?: number;
  readonly hubspotPort?: number;
  readonly controlPort?: number;
}

export interface Simulators {
  readonly salesforce: SalesforceSimulator;
  readonly hubspot: HubSpotSimulator;
  readonly controlUrl: string;
  stop(): Promise<void>;
}

interface Ports {
  readonly salesforce: number;
  readonly hubspot: number;
  readonly control: number;
}

function readPorts(path: string | null): Partial<Ports> {
  try {
    return path === null ? {} : (JSON.parse(readFileSync(path, 'utf8')) as Partial<Ports>);
  } catch {
    return {};
  }
}

/** Starts on the wanted port; without one, on the remembered port if it is free, else on any. */
async function startOnPort<T>(
  wanted: number | undefined,
  remembered: number | undefined,
  start: (port: number) => Promise<T>,
): Promise<T> {
  if (wanted !== undefined && wanted !== 0) return start(wanted);
  if (remembered === undefined) return start(0);
  try {
    return await start(remembered);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return start(0);
    throw error;
  }
}

const portOf = (url: string): number => Number(new URL(url).port);

/** Both simulators on one clock, and the control API beside them. */
export async function startSimulators(options: SimulatorsOptions): Promise<Simulators> {
  const host = options.host ?? '127.0.0.1';
  const { publicHost } = options;
  const portsPath = options.dataFolder === undefined ? null : join(options.dataFolder, 'ports.json');
  const remembered = readPorts(portsPath);
  const clock = createClock();
  const kept = options.dataFolder === undefined ? {} : { dataFolder: options.dataFolder };
  const salesforce = await startOnPort(options.salesforcePort, remembered.salesforce, (port) =>
    startSalesforceSimulator({ host, publicHost, port, clock, load: options.loads.salesforce, ...kept }),
  );
  const hubspot = await startOnPort(options.hubspotPort, remembered.hubspot, (port) =>
    startHubSpotSimulator({ host, publicHost, port, clock, load: options.loads.hubspot, ...kept }),
  );
  const control = await startOnPort(options.controlPort, remembered.control, (port) =>
    startControlApi({ host, publicHost, port, clock, salesforce, hubspot }),
  );
  if (portsPath !== null && options.dataFolder !== undefined) {
    mkdirSync(options.dataFolder, { recursive: true });
    const ports: Ports = {
      salesforce: portOf(salesforce.url),
      hubspot: portOf(hubspot.url),
      control: portOf(control.url),
    };
    writeFileSync(portsPath, JSON.stringify(ports));
  }
  return {
    salesforce,
    hubspot,
    controlUrl: control.url,
    async stop() {
      await Promise.all([control.stop(), salesforce.stop(), hubspot.stop()]);
    },
  };
}
