import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HubSpotLinkLoad, HubSpotLoad, HubSpotObjectLoad, HubSpotRow } from '../hubspot/hubspot-load.ts';
import type { FieldValue } from '../salesforce/object-definition.ts';
import type { SalesforceLoad, SalesforceObjectLoad } from '../salesforce/salesforce-load.ts';
import type { CrmLoads } from './default-load.ts';
import type { PopulationOptions } from './population.ts';

type Head =
  | { readonly crm: 'salesforce' | 'hubspot'; readonly name: string; readonly owners?: HubSpotLoad['owners'] }
  | { readonly crm: 'salesforce'; readonly object: string; readonly fields: readonly string[] }
  | { readonly crm: 'hubspot'; readonly object: string; readonly properties: readonly string[] }
  | { readonly crm: 'hubspot'; readonly from: string; readonly to: string; readonly typeId: number };

/** A head with the lines of rows that follow it, still as text. */
interface Section {
  readonly head: Head;
  readonly chunks: Buffer[];
}

const newline = 10;
const openBracket = 91;

async function readSections(output: AsyncIterable<Buffer>): Promise<Section[]> {
  const sections: Section[] = [];
  let parts: Buffer[] = [];
  const take = (line: Buffer): void => {
    if (line[0] === openBracket) sections.at(-1)?.chunks.push(line);
    else sections.push({ head: JSON.parse(line.toString('utf8')) as Head, chunks: [] });
  };
  for await (const data of output) {
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      take(Buffer.concat([...parts, data.subarray(start, end)]));
      parts = [];
      start = end + 1;
    }
    if (start < data.length) parts.push(data.subarray(start));
  }
  return sections;
}

/** Parses one chunk after another, letting go of each. The rows can be walked once. */
function* parseChunks<T>(chunks: Buffer[]): Generator<T> {
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift())
    yield* JSON.parse(chunk.toString('utf8')) as T[];
}

/**
 * The same load as `createDefaultLoad`, made by a process of its own: the memory it takes to invent the world is given
 * back when that process ends. The rows can be walked once.
 */
export async function readDefaultLoad(options: PopulationOptions = {}): Promise<CrmLoads> {
  const file = import.meta.url.endsWith('.ts') ? './load-writer.ts' : './load-writer.js';
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, path, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`The process that makes the load ended with code ${code}.`)),
    );
  });
  const [sections] = await Promise.all([readSections(child.stdout), ended]);
  const salesforceObjects: SalesforceObjectLoad[] = [];
  const hubspotObjects: HubSpotObjectLoad[] = [];
  const associations: HubSpotLinkLoad[] = [];
  let names = { salesforce: '', hubspot: '' };
  let owners: HubSpotLoad['owners'] = [];
  for (const { head, chunks } of sections) {
    if ('name' in head) {
      names = { ...names, [head.crm]: head.name };
      owners = head.owners ?? owners;
    } else if ('fields' in head) {
      salesforceObjects.push({
        object: head.object,
        fields: head.fields,
        rows: parseChunks<readonly FieldValue[]>(chunks),
      });
    } else if ('properties' in head) {
      hubspotObjects.push({ object: head.object, properties: head.properties, rows: parseChunks<HubSpotRow>(chunks) });
    } else {
      associations.push({
        from: head.from,
        to: head.to,
        typeId: head.typeId,
        links: parseChunks<readonly [string, string]>(chunks),
      });
    }
  }
  const salesforce: SalesforceLoad = { name: names.salesforce, objects: salesforceObjects };
  return { salesforce, hubspot: { name: names.hubspot, owners: owners ?? [], objects: hubspotObjects, associations } };
}
