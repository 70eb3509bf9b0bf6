/**
 * Reads a CycloneDX document from standard input and writes it to `sbom.cdx.json` of the folder, with a serial number that follows
 * from its content and the time of SOURCE_DATE_EPOCH, so that the same packages give the same document.
 *
 *     pnpm sbom ... | node scripts/images/sbom.ts <folder>
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

interface Document {
  readonly bomFormat: string;
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string };
  readonly components?: readonly { readonly 'bom-ref': string }[];
  readonly dependencies?: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder.');
const given = (await json(process.stdin)) as Document;
// The simulators have no dependency at all; whatever else comes without a component is no bill of materials.
if (given.bomFormat !== 'CycloneDX') throw new Error('That is no CycloneDX document.');

const byRef = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const { serialNumber: _serial, metadata, components = [], dependencies = [], ...rest } = given;
const content = {
  ...rest,
  metadata: { ...metadata, timestamp: new Date(Number(process.env['SOURCE_DATE_EPOCH'] ?? 0) * 1_000).toISOString() },
  components: components.toSorted((a, b) => byRef(a['bom-ref'], b['bom-ref'])),
  dependencies: dependencies
    .map((entry) => ({ ...entry, ...(entry.dependsOn && { dependsOn: entry.dependsOn.toSorted(byRef) }) }))
    .toSorted((a, b) => byRef(a.ref, b.ref)),
};
const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
// The form of a name-based UUID, version 8: what its bits mean is ours to say.
const serialNumber = `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify({ serialNumber, ...content }, null, 1)}\n`);
