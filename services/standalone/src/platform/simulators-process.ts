import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { StandaloneError } from '../errors.ts';

/** A simulated CRM, in the form in which the connector's configuration names a connection. */
export interface SimulatedAccount {
  readonly system: 'salesforce' | 'hubspot';
  readonly name: string;
  readonly loginUrl?: string;
  readonly baseUrl?: string;
  readonly credentials: Readonly<Record<string, string>>;
}

/** Both simulated CRMs, in a child process. */
export interface SimulatorsProcess {
  readonly accounts: readonly SimulatedAccount[];
  /** `host:port` of each CRM. */
  readonly hosts: readonly string[];
  /** Where the CRMs can be changed as their users would. */
  readonly controlUrl: string;
  readonly pid: number | undefined;
  /** Resolves with the reason when the process ends without having been asked to. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

export interface SimulatorsOptions {
  /** Changes of records are kept here. */
  readonly dataFolder: string;
  readonly seed: string;
  /** Records by kind, where they are not to be as many as usual. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** What the child writes on its first line. */
interface ReadyLine {
  readonly salesforce: { readonly url: string; readonly clientId: string; readonly clientSecret: string };
  readonly hubspot: { readonly url: string; readonly privateAppToken: string };
  readonly control: { readonly url: string };
}

const stopMs = 1_000;

export async function startSimulators(options: SimulatorsOptions): Promise<SimulatorsProcess> {
  const main = fileURLToPath(import.meta.resolve('@kempt/crm-simulators/main'));
  const child = spawn(process.execPath, ['--conditions=source', '--disable-warning=ExperimentalWarning', main], {
    // The child ends when its standard input does, also when this process is killed.
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C at the terminal reaches a whole process group; the simulators must outlive the services that use them.
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '',
      KEMPT_SIMULATORS_DATA_FOLDER: options.dataFolder,
      KEMPT_SIMULATORS_SEED: options.seed,
      KEMPT_SIMULATORS_STOP_WITH_STDIN: 'true',
      ...(options.sizes === undefined
        ? {}
        : { KEMPT_SIMULATORS_SIZES: JSON.stringify(options.sizes), KEMPT_SIMULATORS_REAL_DATA: 'false' }),
    },
  });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint = `${complaint}${text.toString()}`.slice(-2_000);
  });
  let stopping = false;
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(complaint.trim() || `${signal ?? `exit code ${code}`}`));
  });
  const lines = createInterface({ input: child.stdout });
  const firstLine = new Promise<string>((resolve) => lines.once('line', resolve));
  const line = await Promise.race([
    firstLine,
    exited.then((why) => {
      throw new StandaloneError('STANDALONE_SIMULATORS_FAILED', `The simulated CRMs could not start: ${why}`);
    }),
  ]);
  const { salesforce, hubspot, control } = JSON.parse(line) as ReadyLine;
  return {
    accounts: [
      {
        system: 'salesforce',
        name: 'Salesforce (simulated)',
        loginUrl: salesforce.url,
        credentials: {
          grant: 'client-credentials',
          clientId: salesforce.clientId,
          clientSecret: salesforce.clientSecret,
        },
      },
      {
        system: 'hubspot',
        name: 'HubSpot (simulated)',
        baseUrl: hubspot.url,
        credentials: { grant: 'private-app-token', accessToken: hubspot.privateAppToken },
      },
    ],
    hosts: [new URL(salesforce.url).host, new URL(hubspot.url).host],
    controlUrl: control.url,
    pid: child.pid,
    died: new Promise((resolve) => {
      void exited.then((why) => {
        if (!stopping) resolve(`The simulated CRMs ended: ${why}`);
      });
    }),
    async stop() {
      stopping = true;
      child.stdin.end();
      const killer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await exited;
      clearTimeout(killer);
    },
  };
}
