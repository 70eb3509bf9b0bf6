import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { idOf, type KubernetesObject } from './kubernetes-object.ts';

export const kubernetesVersions = ['1.30', '1.31', '1.32', '1.33', '1.34'] as const;

interface KubernetesSchemas {
  readonly entries: Readonly<Record<string, string>>;
  readonly $defs: object;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`data/${name}`, import.meta.url), 'utf8'));
}

/**
 * Holds objects against the schemas of a version of Kubernetes and of the custom resources, in strict mode: what the schema does
 * not name is an error. Gives every problem with the object and the place in it.
 */
export function createResourceCheck(version: string): (objects: readonly KubernetesObject[]) => readonly string[] {
  const { entries, $defs } = read(`kubernetes-${version}.json`) as KubernetesSchemas;
  const custom = read('custom-resources.json') as Record<string, object>;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false });
  const known = new Map<string, ValidateFunction>();

  function validatorOf(object: KubernetesObject): ValidateFunction | undefined {
    const id = `${object.apiVersion}/${object.kind}`;
    const found = known.get(id);
    if (found !== undefined) return found;
    const entry = entries[id];
    const schema = entry === undefined ? custom[id] : { $ref: `#/$defs/${entry}`, $defs };
    if (schema === undefined) return undefined;
    const compiled = ajv.compile(schema);
    known.set(id, compiled);
    return compiled;
  }

  return (objects) =>
    objects.flatMap((object) => {
      const validate = validatorOf(object);
      if (validate === undefined) return [`${idOf(object)}: Kubernetes ${version} does not know ${object.apiVersion}.`];
      if (validate(object)) return [];
      return (validate.errors ?? []).map(
        ({ instancePath, message, params }) =>
          `${idOf(object)}: ${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
      );
    });
}
