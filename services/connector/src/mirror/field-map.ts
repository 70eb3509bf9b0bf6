import { isSalesforceId, longSalesforceId, type RecordRefFields } from '@kempt/contracts';
import { decimalText } from '../schema/decimal-text.ts';
import { type Fields, type FieldValue, isList, isTimestamp, textOf } from '../schema/field-value.ts';
import {
  type CanonicalFieldKind,
  type CanonicalRecord,
  type CanonicalValue,
  canonicalFields,
  type EntityKind,
  type LinkedRecordFields,
} from './canonical-record.ts';

/**
 * Where a canonical field comes from. A plain name is short for `{ from: [name] }`.
 * Of several vendor fields, a list takes every value that is not blank, anything else the first one.
 */
export type FieldRule = string | readonly string[] | DetailedFieldRule;

export interface DetailedFieldRule {
  readonly from?: string | readonly string[];
  /** The same for every record of the object. */
  readonly constant?: string;
  /** Values that are not blank, put together with this text between them. */
  readonly join?: string;
  /** Takes the host out of a web address: `https://www.acme.com/x` gives `acme.com`. */
  readonly hostOf?: boolean;
  /** Vendor value to canonical value; values that are not named stay as they are. */
  readonly values?: Readonly<Record<string, string | boolean>>;
  /** The object that a reference names. */
  readonly object?: string;
  /** The object that a reference names, by the vendor field it stands in. */
  readonly objectByField?: Readonly<Record<string, string>>;
  /** The object that a reference or a link names, by the first three characters of the id. Other ids are left out. */
  readonly objectByPrefix?: Readonly<Record<string, string>>;
}

/** How the records of one object are projected. */
export interface FieldMap {
  readonly entity: EntityKind;
  /** Canonical field to rule. */
  readonly fields: Readonly<Record<string, FieldRule>>;
}

/** A field map that was checked and is ready for use. */
export interface CompiledFieldMap {
  readonly entity: EntityKind;
  /** The map as it was given, for fingerprints. */
  readonly source: FieldMap;
  project(account: string, fields: Fields): CanonicalRecord;
  /**
   * The vendor fields that project to this canonical record, as far as the map can be read backwards: joined values,
   * hosts of web addresses, constants, links and lists of references cannot. Timestamps, numbers and booleans come back typed.
   */
  unproject(canonical: CanonicalRecord): Fields;
}

export class InvalidFieldMapError extends Error {
  readonly code = 'invalid-field-map';
  readonly retriable = false;
}

interface Step {
  readonly path: string;
  readonly group: string | null;
  readonly name: string;
  readonly kind: CanonicalFieldKind;
  readonly from: readonly string[];
  readonly rule: DetailedFieldRule;
}

const list = (from: string | readonly string[]): readonly string[] => (typeof from === 'string' ? [from] : from);

function compileStep(entity: EntityKind, path: string, rule: FieldRule): Step {
  const kind = canonicalFields[entity][path];
  if (kind === undefined) {
    const known = Object.keys(canonicalFields[entity]).join(', ');
    throw new InvalidFieldMapError(
      `The field map of ${entity} names the unknown canonical field "${path}". Known: ${known}.`,
    );
  }
  const detailed: DetailedFieldRule =
    typeof rule === 'string' || Array.isArray(rule) ? { from: rule as string | string[] } : (rule as DetailedFieldRule);
  const isReference = kind === 'reference' || kind === 'references';
  if (kind === 'links' && detailed.objectByPrefix === undefined) {
    throw new InvalidFieldMapError(
      `The canonical field "${path}" of ${entity} names records of Salesforce: its rule needs "objectByPrefix".`,
    );
  }
  const namesObject = detailed.object ?? detailed.objectByField ?? detailed.objectByPrefix;
  if (isReference && namesObject === undefined) {
    throw new InvalidFieldMapError(
      `The canonical field "${path}" of ${entity} is a reference: its rule needs "object", "objectByField" or "objectByPrefix".`,
    );
  }
  if ((detailed.from === undefined) === (detailed.constant === undefined)) {
    throw new InvalidFieldMapError(
      `The rule of the canonical field "${path}" of ${entity} needs either "from" or "constant".`,
    );
  }
  const dot = path.indexOf('.');
  return {
    path,
    group: dot < 0 ? null : path.slice(0, dot),
    name: path.slice(dot + 1),
    kind,
    from: list(detailed.from ?? []),
    rule: detailed,
  };
}

function hostOf(text: string): string | undefined {
  const match = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@?#]*@)?([^/:?#\s]+\.[^/:?#\s]+)/i.exec(text.trim());
  return match?.[1]?.toLowerCase().replace(/^www\./, '');
}

function textFor(step: Step, value: FieldValue): string | undefined {
  const text = textOf(value);
  const mapped = step.rule.values?.[text];
  if (mapped !== undefined) return String(mapped);
  return step.rule.hostOf === true ? hostOf(text) : text;
}

function booleanFor(step: Step, value: FieldValue): boolean | undefined {
  const text = textOf(value);
  const mapped = step.rule.values?.[text] ?? text;
  return mapped === true || mapped === 'true' ? true : mapped === false || mapped === 'false' ? false : undefined;
}

function timestampFor(value: FieldValue): string | undefined {
  if (typeof value === 'object' && isTimestamp(value)) return value.timestamp;
  // A calendar date stands for its first moment in UTC.
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? `${value}T00:00:00.000Z` : undefined;
}

function referenceFor(
  step: Step,
  source: { account: string; field: string },
  value: FieldValue,
): RecordRefFields | undefined {
  const recordId = textOf(value);
  const { object: fixed, objectByField, objectByPrefix } = step.rule;
  const object = fixed ?? objectByField?.[source.field] ?? objectByPrefix?.[recordId.slice(0, 3)];
  return object === undefined || recordId === '' ? undefined : { account: source.account, object, recordId };
}

/** Integrations keep ids in either form, and people put other things into the fields, which are left out. */
function linkFor(step: Step, value: FieldValue): LinkedRecordFields | undefined {
  const id = textOf(value).trim();
  const object = step.rule.objectByPrefix?.[id.slice(0, 3)];
  if (object === undefined || !isSalesforceId(id)) return undefined;
  return { system: 'salesforce', object, recordId: longSalesforceId(id) };
}

const flatten = (value: FieldValue): readonly FieldValue[] =>
  typeof value === 'object' && isList(value) ? value : [value];

function projectStep(step: Step, account: string, fields: Fields): CanonicalValue | undefined {
  if (step.rule.constant !== undefined) return step.rule.constant;
  switch (step.kind) {
    case 'texts': {
      const texts = new Set<string>();
      for (const name of step.from) {
        const value = fields[name];
        if (value === undefined) continue;
        for (const item of flatten(value)) {
          const text = textFor(step, item);
          if (text !== undefined && text !== '') texts.add(text);
        }
      }
      return texts.size === 0 ? undefined : [...texts];
    }
    case 'references': {
      const references = new Map<string, RecordRefFields>();
      for (const name of step.from) {
        const value = fields[name];
        if (value === undefined) continue;
        for (const item of flatten(value)) {
          const reference = referenceFor(step, { account, field: name }, item);
          if (reference !== undefined) references.set(`${reference.object}:${reference.recordId}`, reference);
        }
      }
      return references.size === 0 ? undefined : [...references.values()];
    }
    case 'links': {
      const links = new Map<string, LinkedRecordFields>();
      for (const name of step.from) {
        const value = fields[name];
        if (value === undefined) continue;
        for (const item of flatten(value)) {
          const link = linkFor(step, item);
          if (link !== undefined) links.set(link.recordId, link);
        }
      }
      return links.size === 0 ? undefined : [...links.values()];
    }
    default:
      break;
  }
  if (step.rule.join !== undefined) {
    const parts = step.from.flatMap((name) => (fields[name] === undefined ? [] : [textOf(fields[name])]));
    return parts.length === 0 ? undefined : parts.join(step.rule.join);
  }
  for (const name of step.from) {
    const value = fields[name];
    if (value === undefined) continue;
    const projected = projectValue(step, { account, field: name }, value);
    if (projected !== undefined && projected !== '') return projected;
  }
  return undefined;
}

function projectValue(
  step: Step,
  source: { account: string; field: string },
  value: FieldValue,
): CanonicalValue | undefined {
  switch (step.kind) {
    case 'boolean':
      return booleanFor(step, value);
    case 'timestamp':
      return timestampFor(value);
    case 'decimal': {
      const text = textOf(value);
      return decimalText(text) === undefined ? undefined : text;
    }
    case 'date': {
      const text = textOf(value).slice(0, 10);
      return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined;
    }
    case 'reference': {
      const first = flatten(value)[0];
      return first === undefined ? undefined : referenceFor(step, source, first);
    }
    default:
      return textFor(step, value);
  }
}

function vendorValue(step: Step, value: CanonicalValue): FieldValue | undefined {
  if (step.kind === 'reference') return (value as RecordRefFields).recordId;
  if (typeof value !== 'string' && typeof value !== 'boolean') return undefined;
  const original = Object.entries(step.rule.values ?? {}).find(([, canonical]) => canonical === value)?.[0];
  if (original !== undefined) return original;
  if (typeof value === 'boolean') return value;
  if (step.kind === 'decimal') return { decimal: value };
  return step.kind === 'timestamp' ? { timestamp: value } : value;
}

/** One text for each vendor field in turn; the last field takes all that are left. */
function spread(step: Step, texts: readonly string[]): [string, FieldValue][] {
  return step.from.slice(0, texts.length).map((name, index) => {
    const rest = index === step.from.length - 1 ? texts.slice(index) : texts.slice(index, index + 1);
    return [name, rest.length === 1 ? (rest[0] as string) : rest];
  });
}

/** Checks a field map against the canonical vocabulary. Throws InvalidFieldMapError naming the field at fault. */
export function compileFieldMap(map: FieldMap): CompiledFieldMap {
  if (canonicalFields[map.entity] === undefined) {
    const known = Object.keys(canonicalFields).join(', ');
    throw new InvalidFieldMapError(`A field map names the unknown entity "${map.entity}". Known: ${known}.`);
  }
  const steps = Object.entries(map.fields)
    .map(([path, rule]) => compileStep(map.entity, path, rule))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
  return {
    entity: map.entity,
    source: map,
    project(account, fields) {
      const projected: Record<string, CanonicalValue> = {};
      for (const step of steps) {
        const value = projectStep(step, account, fields);
        if (value === undefined) continue;
        if (step.group === null) {
          projected[step.name] = value;
        } else {
          const group = (projected[step.group] ??= {}) as Record<string, CanonicalValue>;
          group[step.name] = value;
        }
      }
      return { entity: map.entity, fields: projected };
    },
    unproject(canonical) {
      const fields: [string, FieldValue][] = [];
      for (const step of steps) {
        const holder =
          step.group === null
            ? canonical.fields
            : (canonical.fields[step.group] as Record<string, CanonicalValue> | undefined);
        const value = holder?.[step.name];
        if (value === undefined || step.rule.join !== undefined || step.rule.hostOf === true) continue;
        if (step.kind === 'references' || step.kind === 'links' || step.rule.constant !== undefined) continue;
        if (step.kind === 'texts') {
          fields.push(...spread(step, value as readonly string[]));
        } else {
          const name = step.from[0];
          const vendor = vendorValue(step, value);
          if (name !== undefined && vendor !== undefined) fields.push([name, vendor]);
        }
      }
      return Object.fromEntries(fields.sort(([left], [right]) => (left < right ? -1 : 1)));
    },
  };
}
