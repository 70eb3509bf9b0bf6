import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HubSpotLoad, HubSpotObjectLoad, HubSpotRow } from '../hubspot/hubspot-load.ts';
import type { LoadStream } from '../records/load-stream.ts';
import type { FieldValue } from '../salesforce/object-definition.ts';
import type { SalesforceLoad, SalesforceObjectLoad } from '../salesforce/salesforce-load.ts';
import type { PopulationOptions } from './population.ts';

/** Says what the lines of rows after it hold. */
type Head =
  | { readonly crm: 'salesforce'; readonly name: string; readonly usage?: SalesforceLoad['usage'] }
  | {
      readonly crm: 'hubspot';
      readonly name: string;
      readonly owners?: HubSpotLoad['owners'];
      readonly audit?: HubSpotLoad['audit'];
    }
  | ({ readonly crm: 'salesforce' } & Omit<SalesforceObjectLoad, 'rows'>)
  | ({ readonly crm: 'hubspot' } & Omit<HubSpotObjectLoad, 'rows'>)
  | { readonly crm: 'hubspot'; readonly from: string; readonly to: string; readonly typeId: number };

/** Both loads as they are being made. Salesforce's is to be read first. */
export interface CrmLoadStreams {
  readonly salesforce: LoadStream<SalesforceLoad>;
  readonly hubspot: LoadStream<HubSpotLoad>;
}

const newline = 10;

async function* parseLines(output: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let parts: Buffer[] = [];
  for await (const data of output) {
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      parts.push(data.subarray(start, end));
      yield JSON.parse(Buffer.concat(parts).toString('utf8'));
      parts = [];
      start = end + 1;
    }
    if (start < data.length) parts.push(data.subarray(start));
  }
}

function salesforcePart(name: string, head: Head, rows: unknown): SalesforceLoad {
  if (!('fields' in head)) return { name, objects: [] };
  const { crm: _, ...rest } = head;
  return { name, objects: [{ ...rest, rows: rows as FieldValue[][] }] };
}

function hubspotPart(name: string, head: Head, rows: unknown): HubSpotLoad {
  if ('properties' in head) {
    const { crm: _, ...rest } = head;
    return { name, objects: [{ ...rest, rows: rows as HubSpotRow[] }] };
  }
  if (!('typeId' in head)) return { name, objects: [] };
  const { from, to, typeId } = head;
  return { name, objects: [], associations: [{ from, to, typeId, links: rows as [string, string][] }] };
}

/**
 * The same load as `createDefaultLoad`, made by a process of its own while it is being read: the memory it takes to
 * invent the world is given back when that process ends.
 */
export async function readDefaultLoad(options: PopulationOptions = {}): Promise<CrmLoadStreams> {
  const file = import.meta.url.endsWith('.ts') ? './load-process.ts' : './load-process.js';
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = [...process.execArgv, path, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The process that makes the load ended with code ${code}.`));
    });
  });
  // Awaited at the end of the second load; until then a failure also shows as an early end of the output.
  ended.catch(() => {});
  const lines = parseLines(child.stdout);
  const nextHead = async (): Promise<Head | null> => {
    const { value, done } = await lines.next();
    return done === true ? null : (value as Head);
  };
  let head = await nextHead();
  if (head === null || !('name' in head)) {
    await ended;
    throw new Error('The process that makes the load wrote nothing.');
  }
  const { name } = head;

  /** Hands over the parts of one CRM and stops at the first head of the other. */
  const readParts = async (crm: Head['crm'], use: (head: Head, rows: unknown) => void): Promise<void> => {
    for await (const line of { [Symbol.asyncIterator]: () => ({ next: () => lines.next() }) }) {
      if (!Array.isArray(line)) {
        head = line as Head;
        if (head.crm !== crm) return;
      } else if (head !== null) {
        use(head, line);
      }
    }
  };
  return {
    salesforce: {
      name,
      async read(use) {
        if (head?.crm === 'salesforce' && 'usage' in head && head.usage !== undefined) {
          use({ name, objects: [], usage: head.usage });
        }
        await readParts('salesforce', (of, rows) => use(salesforcePart(name, of, rows)));
      },
    },
    hubspot: {
      name,
      async read(use) {
        if (head?.crm !== 'hubspot') throw new Error('The Salesforce load is to be read first.');
        if ('owners' in head && head.owners !== undefined) {
          use({ name, objects: [], owners: head.owners, ...(head.audit === undefined ? {} : { audit: head.audit }) });
        }
        await readParts('hubspot', (of, rows) => use(hubspotPart(name, of, rows)));
        await ended;
      },
    },
  };
}
