import { bindPath, followReference } from './field-path.ts';
import type { SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';
import { formatField, type JsonObject, recordUrl } from './record-json.ts';
import { soqlError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';
import type { SoqlQuery } from './soql-syntax.ts';

export type Projection = (record: SalesforceRecord, version: string) => JsonObject;

interface ProjectionNode {
  readonly fields: StoredField[];
  readonly parents: Map<string, { readonly relationship: StoredField; readonly node: ProjectionNode }>;
}

/** Runs the child query of one parent and shows it as a nested query result. */
export type ChildQuery = (parent: SalesforceRecord, version: string) => JsonObject | null;

/** A described column, as `columns=true` asks for it. */
export interface ColumnMetadata {
  readonly aggregate: boolean;
  readonly apexType: string;
  readonly booleanType: boolean;
  readonly columnName: string;
  readonly custom: boolean;
  readonly displayName: string;
  readonly foreignKeyName: string | null;
  readonly insertable: boolean;
  readonly joinColumns: readonly ColumnMetadata[];
  readonly numberType: boolean;
  readonly textType: boolean;
  readonly updatable: boolean;
}

export interface CompiledProjection {
  readonly project: Projection;
  readonly columns: readonly ColumnMetadata[];
}

const apexTypes: Readonly<Record<string, string>> = {
  id: 'Id',
  reference: 'Id',
  boolean: 'Boolean',
  int: 'Integer',
  double: 'Double',
  currency: 'Double',
  percent: 'Double',
  date: 'Date',
  datetime: 'Datetime',
  address: 'Address',
};

function describeColumn(
  name: string,
  field: StoredField | null,
  joinColumns: readonly ColumnMetadata[],
): ColumnMetadata {
  const apexType = field === null ? 'Object' : (apexTypes[field.type] ?? 'String');
  return {
    aggregate: false,
    apexType,
    booleanType: apexType === 'Boolean',
    columnName: name,
    custom: name.endsWith('__c'),
    displayName: name,
    foreignKeyName: null,
    insertable: field?.createable ?? false,
    joinColumns,
    numberType: apexType === 'Integer' || apexType === 'Double',
    textType: apexType === 'String',
    updatable: field?.updateable ?? false,
  };
}

export function describeAggregateColumn(name: string): ColumnMetadata {
  return { ...describeColumn(name, null, []), aggregate: true, apexType: 'Double', numberType: true };
}

function describeNode(node: ProjectionNode): ColumnMetadata[] {
  return [
    ...node.fields.map((field) => describeColumn(field.name, field, [])),
    ...[...node.parents].map(([name, parent]) => describeColumn(name, null, describeNode(parent.node))),
  ];
}

/** Compiles the SELECT list of a query that returns records. */
export function compileProjection(
  store: SalesforceStore,
  object: SalesforceObject,
  query: SoqlQuery,
  compileChildren: (query: SoqlQuery, position: number) => { readonly name: string; readonly run: ChildQuery },
): CompiledProjection {
  const root: ProjectionNode = { fields: [], parents: new Map() };
  const children: { readonly name: string; readonly run: ChildQuery }[] = [];
  const addField = (node: ProjectionNode, field: StoredField) => {
    if (!node.fields.includes(field)) node.fields.push(field);
  };
  for (const item of query.select) {
    if (item.kind === 'children') {
      children.push(compileChildren(item.query, item.position));
      continue;
    }
    if (item.kind === 'all-fields') {
      if (query.limit === null || query.limit > 200) {
        throw soqlError(
          'MALFORMED_QUERY',
          query.text,
          item.position,
          'The SOQL FIELDS function must have a LIMIT of at most 200',
        );
      }
      for (const field of store.visibleFields(object)) {
        const isCustom = field.name.endsWith('__c');
        if (item.which === 'ALL' || isCustom === (item.which === 'CUSTOM')) addField(root, field);
      }
      continue;
    }
    if (item.kind === 'aggregate') continue;
    const bound = bindPath(store, object, item.path, query.text);
    let node = root;
    for (const relationship of bound.relationships) {
      const name = relationship.reference?.relationshipName as string;
      let parent = node.parents.get(name);
      if (parent === undefined) {
        parent = { relationship, node: { fields: [], parents: new Map() } };
        node.parents.set(name, parent);
      }
      node = parent.node;
    }
    addField(node, bound.field);
  }

  const show = (node: ProjectionNode, of: SalesforceObject, record: SalesforceRecord, version: string): JsonObject => {
    const json: JsonObject = { attributes: { type: of.name, url: recordUrl(version, of.name, record.id) } };
    for (const field of node.fields) {
      const own = of === object && node === root ? field : of.field(field.name);
      json[field.name] = own === undefined ? null : formatField(of, record, own);
    }
    for (const [name, parent] of node.parents) {
      const target = followReference(store, record, parent.relationship);
      json[name] = target === undefined ? null : show(parent.node, target.object, target.record, version);
    }
    return json;
  };
  return {
    project(record, version) {
      const json = show(root, object, record, version);
      for (const child of children) json[child.name] = child.run(record, version);
      return json;
    },
    columns: [...describeNode(root), ...children.map((child) => describeColumn(child.name, null, []))],
  };
}
