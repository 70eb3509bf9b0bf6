import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

// Collects the schemas that rendered charts are held against into data/, without descriptions and without what is not used:
//   node collect-schemas.ts <kubernetes-json-schema folder> <custom resource definition>...
// data/README.md says where they come from.

const dataFolder = fileURLToPath(new URL('data/', import.meta.url));
const versions = ['1.30', '1.31', '1.32', '1.33', '1.34'];
const kinds = {
  v1: ['Pod', 'Service', 'ServiceAccount', 'ConfigMap', 'Secret', 'Namespace'],
  'apps/v1': ['Deployment'],
  'batch/v1': ['Job'],
  'policy/v1': ['PodDisruptionBudget'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'networking.k8s.io/v1': ['NetworkPolicy', 'Ingress'],
};

type Schema = { [key: string]: unknown };

const [schemaFolder = '', ...definitionFiles] = process.argv.slice(2);
for (const version of versions) {
  const folder = path.join(schemaFolder, `v${version}.0-local-strict`);
  const all = (JSON.parse(readFileSync(path.join(folder, '_definitions.json'), 'utf8')) as { $defs: Schema }).$defs;
  const definitions: Schema = {};
  const entries: Record<string, string> = {};
  for (const [apiVersion, names] of Object.entries(kinds)) {
    for (const kind of names) {
      const name = definitionOf(all, apiVersion, kind);
      entries[`${apiVersion}/${kind}`] = name;
      take(name, all, definitions);
    }
  }
  write(`kubernetes-${version}.json`, { entries, $defs: definitions });
}
const custom: Record<string, Schema> = {};
for (const file of definitionFiles) {
  if (!existsSync(file)) throw new Error(`${file} does not exist.`);
  for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
    const { spec } = document.toJS() as {
      spec: {
        group: string;
        names: { kind: string };
        versions: { name: string; schema: { openAPIV3Schema: Schema } }[];
      };
    };
    for (const { name, schema } of spec.versions) {
      custom[`${spec.group}/${name}/${spec.names.kind}`] = strict(slim(schema.openAPIV3Schema) as Schema) as Schema;
    }
  }
}
write('custom-resources.json', custom);

function definitionOf(all: Schema, apiVersion: string, kind: string): string {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  const found = Object.entries(all).find(([, schema]) =>
    ((schema as Schema)['x-kubernetes-group-version-kind'] as Schema[] | undefined)?.some(
      (one) => one['group'] === group && one['version'] === version && one['kind'] === kind,
    ),
  );
  if (found === undefined) throw new Error(`No schema of ${apiVersion} ${kind}.`);
  return found[0];
}

function take(name: string, all: Schema, into: Schema): void {
  if (name in into) return;
  const schema = slim(all[name]);
  into[name] = schema;
  for (const reference of JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g))
    take(reference[1] as string, all, into);
}

/** Without descriptions and marks that say nothing about validity. References lead into the same file. */
function slim(part: unknown, isProperties = false): unknown {
  if (Array.isArray(part)) return part.map((one) => slim(one));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      // JavaScript knows no flags within a pattern; there is one such pattern.
      .filter(([key, child]) => isProperties || !(key === 'pattern' && String(child).includes('(?i)')))
      .filter(
        ([key]) =>
          isProperties ||
          key === 'x-kubernetes-int-or-string' ||
          key === 'x-kubernetes-preserve-unknown-fields' ||
          !/^(description|default|format|example|x-kubernetes-.*)$/.test(key),
      )
      .map(([key, child]) => [
        key,
        key === '$ref' && typeof child === 'string'
          ? child.replace('_definitions.json', '')
          : slim(child, key === 'properties' && !isProperties),
      ]),
  );
}

/** A custom resource drops what its schema does not name; a chart that says such a thing has a typing error. */
function strict(part: unknown, isProperties = false): unknown {
  if (Array.isArray(part)) return part.map((one) => strict(one));
  if (typeof part !== 'object' || part === null) return part;
  const schema = Object.fromEntries(
    Object.entries(part).map(([key, child]) => [key, strict(child, key === 'properties' && !isProperties)]),
  );
  if (isProperties) return schema;
  if (schema['x-kubernetes-int-or-string'] === true) return { anyOf: [{ type: 'integer' }, { type: 'string' }] };
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return { type: schema['type'] ?? 'object' };
  const isOpen = schema['properties'] === undefined || schema['additionalProperties'] !== undefined;
  return isOpen ? schema : { ...schema, additionalProperties: false };
}

function write(name: string, content: object): void {
  writeFileSync(path.join(dataFolder, name), `${JSON.stringify(content)}\n`);
}
