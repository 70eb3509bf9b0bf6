import type { FieldDefinition, ObjectDefinition, SalesforceObject } from './object-definition.ts';
import type { JsonObject, JsonValue } from './record-json.ts';
import type { SalesforceStore } from './salesforce-store.ts';

const soapTypes: Readonly<Record<string, string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  address: 'urn:address',
};

function describePicklist(values: readonly string[]): JsonValue {
  return values.map((value) => ({ active: true, defaultValue: false, label: value, validFor: null, value }));
}

/** One field with the complete set of keys the API gives. */
function describeField(field: FieldDefinition): JsonObject {
  const isText = ['string', 'textarea', 'email', 'phone', 'url', 'picklist'].includes(field.type);
  const isLongText = field.type === 'textarea' && field.length > 255;
  const isCompound = field.type === 'address';
  return {
    aggregatable: !isCompound && !isLongText && field.type !== 'boolean',
    aiPredictionField: false,
    autoNumber: false,
    byteLength: isText ? field.length * 3 : field.type === 'id' || field.type === 'reference' ? 18 : 0,
    calculated: field.formula !== null && field.compoundFieldName === null && !field.nameField,
    calculatedFormula: null,
    cascadeDelete: field.reference?.cascadeDelete ?? false,
    caseSensitive: field.caseSensitive,
    compoundFieldName: field.compoundFieldName,
    controllerName: null,
    createable: field.createable,
    custom: field.name.endsWith('__c'),
    defaultValue: field.type === 'boolean' ? field.defaultValue === true : null,
    defaultValueFormula: null,
    defaultedOnCreate: field.defaultedOnCreate,
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: field.type === 'int' ? field.precision : 0,
    displayLocationInDecimal: false,
    encrypted: false,
    externalId: field.externalId,
    extraTypeInfo: field.nameField && field.compoundFieldName === null && field.formula !== null ? 'personname' : null,
    filterable: !isCompound && !isLongText,
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: false,
    groupable: !isCompound && !isLongText && !['double', 'currency', 'percent', 'datetime'].includes(field.type),
    highScaleNumber: false,
    htmlFormatted: false,
    idLookup: field.idLookup,
    inlineHelpText: null,
    label: field.label,
    length: field.length,
    mask: null,
    maskType: null,
    name: field.name,
    nameField: field.nameField,
    namePointing: (field.reference?.objects.length ?? 0) > 1,
    nillable: field.nillable,
    permissionable: field.nillable && field.createable,
    picklistValues: describePicklist(field.picklist),
    polymorphicForeignKey: (field.reference?.objects.length ?? 0) > 1,
    precision: field.type === 'int' ? 0 : field.precision,
    queryByDistance: false,
    referenceTargetField: null,
    referenceTo: field.reference?.objects ?? [],
    relationshipName: field.reference?.relationshipName ?? null,
    relationshipOrder: null,
    restrictedDelete: false,
    restrictedPicklist: field.restrictedPicklist,
    scale: field.scale,
    searchPrefilterable: false,
    soapType: soapTypes[field.type] ?? 'xsd:string',
    sortable: !isCompound && !isLongText,
    type: field.type,
    unique: field.unique,
    updateable: field.updateable,
    writeRequiresMasterRead: false,
  };
}

/** The entry of an object in the list of all objects. */
export function describeBriefly(object: Omit<ObjectDefinition, 'fields'>, version: string): JsonObject {
  const base = `/services/data/${version}/sobjects/${object.name}`;
  return {
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    createable: object.createable,
    custom: object.custom,
    customSetting: false,
    deepCloneable: false,
    deletable: object.deletable,
    deprecatedAndHidden: false,
    feedEnabled: object.mergeable,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: object.keyPrefix,
    label: object.label,
    labelPlural: object.labelPlural,
    layoutable: object.createable,
    mergeable: object.mergeable,
    mruEnabled: object.createable,
    name: object.name,
    queryable: true,
    replicateable: object.replicateable,
    retrieveable: true,
    searchable: object.createable,
    triggerable: object.createable,
    undeletable: object.deletable,
    updateable: object.createable,
    urls: { rowTemplate: `${base}/{ID}`, describe: `${base}/describe`, sobject: base },
  };
}

/** The whole description of an object, with only the fields and children the user may see. */
export function describeObject(store: SalesforceStore, object: SalesforceObject, version: string): JsonObject {
  const childRelationships: JsonObject[] = [];
  for (const child of store.visibleObjects()) {
    for (const field of store.visibleFields(child)) {
      if (!field.reference?.objects.includes(object.name)) continue;
      childRelationships.push({
        cascadeDelete: field.reference.cascadeDelete,
        childSObject: child.name,
        deprecatedAndHidden: false,
        field: field.name,
        junctionIdListNames: [],
        junctionReferenceTo: [],
        relationshipName: field.reference.childRelationshipName,
        restrictedDelete: false,
      });
    }
  }
  const brief = describeBriefly(object, version);
  const base = `/services/data/${version}/sobjects/${object.name}`;
  return {
    ...brief,
    actionOverrides: [],
    childRelationships,
    compactLayoutable: object.createable,
    defaultImplementation: null,
    extendedBy: null,
    extendsInterfaces: null,
    fields: store.visibleFields(object).map(describeField),
    implementedBy: null,
    implementsInterfaces: null,
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [
      {
        active: true,
        available: true,
        defaultRecordTypeMapping: true,
        developerName: 'Master',
        master: true,
        name: 'Master',
        recordTypeId: '012000000000000AAA',
        urls: { layout: `${base}/describe/layouts/012000000000000AAA` },
      },
    ],
    searchLayoutable: object.createable,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [
      { label: `All ${object.labelPlural.toLowerCase()}`, name: 'everything' },
      { label: `My ${object.labelPlural.toLowerCase()}`, name: 'mine' },
    ],
    urls: {
      ...(brief.urls as JsonObject),
      uiDetailTemplate: `/{ID}`,
      uiEditTemplate: `/{ID}/e`,
      uiNewRecord: `/${object.keyPrefix}/e`,
    },
  };
}
