import { createColumnValues } from '../records/column-values.ts';
import type { FieldValue, SalesforceObject, SalesforceRecord } from './object-definition.ts';
import { formatRecordId } from './record-id.ts';
import type { SalesforceStore } from './salesforce-store.ts';

/** Records of one object in column form: `rows[i][j]` is the value of `fields[j]`. */
export interface SalesforceObjectLoad {
  readonly object: string;
  /** Names of stored fields. `Id`, `SystemModstamp` and the audit fields may be among them. */
  readonly fields: readonly string[];
  readonly rows: Iterable<readonly FieldValue[]>;
  /** Fields whose values are milliseconds before the reference time of the simulator, so that they stay recent. */
  readonly relativeTimes?: readonly string[];
}

/** The daily calls of an app, from which the event log is made. */
export interface SeededUsage {
  readonly clientName: string;
  /** Null for a client without a registered app. */
  readonly appId: string | null;
  readonly appName: string | null;
  readonly userId: string;
  readonly callsPerDay: number;
}

/** The records a simulator begins with. `name` tells loads apart, so that kept changes are not applied to another load. */
export interface SalesforceLoad {
  readonly name: string;
  readonly objects: readonly SalesforceObjectLoad[];
  readonly usage?: readonly SeededUsage[];
}

/** What a load is completed with. */
export interface LoadContext {
  /** The user who made records of which nothing else is said. */
  readonly userId: string;
  /** The time that relative times count back from, in milliseconds since the epoch. */
  readonly referenceMs: number;
}

/** When nothing else is said, records were made at this time. */
const defaultTime = Date.UTC(2025, 0, 1);

function addRows(store: SalesforceStore, load: SalesforceObjectLoad, { userId, referenceMs }: LoadContext): void {
  const object = store.object(load.object);
  if (object === undefined)
    throw new Error(`The load holds records of ${load.object}, which the simulator does not know.`);
  const slots = load.fields.map((name) => {
    const field = object.field(name);
    if (field === undefined || (field.slot < 0 && name !== 'Id' && name !== 'SystemModstamp')) {
      throw new Error(`The load holds values of ${load.object}.${name}, which is not a stored field.`);
    }
    return field.slot;
  });
  const columns = load.fields.map(() => createColumnValues());
  const idColumn = load.fields.indexOf('Id');
  const stampColumn = load.fields.indexOf('SystemModstamp');
  const table = store.table(object);
  const relative = new Set((load.relativeTimes ?? []).map((name) => load.fields.indexOf(name)));
  for (const given of load.rows) {
    const row =
      relative.size === 0
        ? given
        : given.map((value, column) => (relative.has(column) && value !== null ? referenceMs - Number(value) : value));
    const values = emptyValues(object);
    slots.forEach((slot, column) => {
      if (slot >= 0) values[slot] = columns[column]?.(row[column]) ?? null;
    });
    const id = (idColumn < 0 ? null : row[idColumn]) ?? store.nextId(object);
    const modifiedAt = (stampColumn < 0 ? null : row[stampColumn]) ?? defaultTime;
    const record: SalesforceRecord = { id: id as string, modifiedAt: modifiedAt as number, values };
    completeRecord(object, record, userId);
    table.insert({ ...record, values: trimmed(values) });
  }
}

/** A copy without the empty places at the end. */
function trimmed(values: readonly FieldValue[]): FieldValue[] {
  let length = values.length;
  while (length > 0 && values[length - 1] == null) length -= 1;
  return values.slice(0, length);
}

function emptyValues(object: SalesforceObject): FieldValue[] {
  const values = new Array<FieldValue>(object.slotCount).fill(null);
  for (const field of object.fields) {
    if (field.slot >= 0 && field.type === 'boolean') values[field.slot] = field.defaultValue === true;
  }
  return values;
}

function completeRecord(object: SalesforceObject, record: SalesforceRecord, userId: string): void {
  const fill = (name: string, value: FieldValue): void => {
    const slot = object.field(name)?.slot ?? -1;
    if (slot >= 0 && record.values[slot] == null) record.values[slot] = value;
  };
  fill('CreatedDate', record.modifiedAt);
  fill('LastModifiedDate', record.modifiedAt);
  fill('CreatedById', userId);
  fill('LastModifiedById', userId);
  fill('OwnerId', userId);
}

/** Adds the records of a load, or of a part of one. */
export function applySalesforceLoad(store: SalesforceStore, load: SalesforceLoad, context: LoadContext): void {
  for (const objectLoad of load.objects) addRows(store, objectLoad, context);
}

/** Adds the organisation and the connected user when the load did not bring them. */
export function completeSalesforceLoad(
  store: SalesforceStore,
  identity: LoadContext & { readonly orgId: string },
): void {
  const add = (object: string, fields: Readonly<Record<string, FieldValue>>): void => {
    const definition = store.object(object);
    if (definition === undefined || store.table(definition).get(String(fields.Id)) !== undefined) return;
    addRows(store, { object, fields: Object.keys(fields), rows: [Object.values(fields)] }, identity);
  };
  const profileId = formatRecordId('00e', 1);
  add('Profile', { Id: profileId, Name: 'Integration User', PermissionsApiEnabled: true });
  add('User', {
    Id: identity.userId,
    Username: 'integration@fernhill-demo.example',
    FirstName: 'Integration',
    LastName: 'User',
    Email: 'integration@fernhill-demo.example',
    IsActive: true,
    UserType: 'Standard',
    ProfileId: profileId,
    TimeZoneSidKey: 'Europe/London',
    LastLoginDate: identity.referenceMs - 3_600_000,
  });
  add('Organization', {
    Id: identity.orgId,
    Name: 'Fernhill Demo',
    OrganizationType: 'Enterprise Edition',
    InstanceName: 'SIM1',
    IsSandbox: false,
    DefaultLocaleSidKey: 'en_US',
    TimeZoneSidKey: 'Europe/London',
  });
}
