import { once } from 'node:events';
import { createDefaultLoad } from './default-load.ts';
import type { PopulationOptions } from './population.ts';

/** Rows written at once: large enough to be quick, small enough to be garbage soon. */
const chunkSize = 1000;

async function write(line: unknown): Promise<void> {
  if (!process.stdout.write(`${JSON.stringify(line)}\n`)) await once(process.stdout, 'drain');
}

async function writeRows(rows: Iterable<unknown>): Promise<void> {
  let chunk: unknown[] = [];
  for (const row of rows) {
    chunk.push(row);
    if (chunk.length < chunkSize) continue;
    await write(chunk);
    chunk = [];
  }
  if (chunk.length > 0) await write(chunk);
}

// Run as a process of its own: options come as the first argument; the load goes to standard output, one line of JSON for
// each head, followed by lines with its rows.
const options = JSON.parse(process.argv[2] ?? '{}') as PopulationOptions;
const { salesforce, hubspot } = createDefaultLoad(options);
await write({ crm: 'salesforce', name: salesforce.name, usage: salesforce.usage });
for (const { object, fields, rows, relativeTimes } of salesforce.objects) {
  await write({ crm: 'salesforce', object, fields, relativeTimes });
  await writeRows(rows);
}
await write({ crm: 'hubspot', name: hubspot.name, owners: hubspot.owners, audit: hubspot.audit });
for (const { object, properties, rows, relativeTimes } of hubspot.objects) {
  await write({ crm: 'hubspot', object, properties, relativeTimes });
  await writeRows(rows);
}
for (const { from, to, typeId, links } of hubspot.associations ?? []) {
  await write({ crm: 'hubspot', from, to, typeId });
  await writeRows(links);
}
