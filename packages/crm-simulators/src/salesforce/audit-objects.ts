import {
  audit,
  checkbox,
  dateTime,
  formula,
  identity,
  integer,
  longText,
  picklist,
  reference,
  text,
} from './field-kinds.ts';
import type { FieldDefinition, ObjectDefinition } from './object-definition.ts';

/** Permissions of profiles and permission sets that the simulator knows, as in `PermissionsApiEnabled`. */
export const permissionNames = [
  'ApiEnabled',
  'ModifyAllData',
  'ViewAllData',
  'ManageUsers',
  'AuthorApex',
  'CustomizeApplication',
  'ViewSetup',
  'ViewEventLogFiles',
] as const;

export const permissionFields = (): FieldDefinition[] =>
  permissionNames.map((name) => checkbox(`Permissions${name}`, { createable: false, updateable: false }));

const readOnly = { createable: false, updateable: false } as const;
const id = () => identity().filter((field) => field.name !== 'IsDeleted');
const created = () => audit().filter((field) => field.name.startsWith('Created'));
const user = (name: string) => reference(name, ['User'], { ...readOnly, relationship: null });

/** An object that the service writes itself. */
const log = (name: string, keyPrefix: string, fields: readonly FieldDefinition[]): ObjectDefinition => ({
  name,
  label: name,
  labelPlural: `${name}s`,
  keyPrefix,
  custom: false,
  createable: false,
  deletable: false,
  mergeable: false,
  replicateable: false,
  fields,
});

/** Who may do what, who came when, what was changed in the setup, and which apps call. */
export const auditObjects: readonly ObjectDefinition[] = [
  log('PermissionSet', '0PS', [
    ...id(),
    text('Name', 80, { ...readOnly, nillable: false, nameField: true }),
    text('Label', 80, readOnly),
    longText('Description', 255, readOnly),
    checkbox('IsOwnedByProfile', readOnly),
    checkbox('IsCustom', readOnly),
    reference('ProfileId', ['Profile'], readOnly),
    text('NamespacePrefix', 15, readOnly),
    ...permissionFields(),
    ...audit(),
  ]),
  log('PermissionSetAssignment', '0Pa', [
    ...id(),
    reference('PermissionSetId', ['PermissionSet'], { ...readOnly, children: 'Assignments' }),
    reference('AssigneeId', ['User'], { ...readOnly, children: 'PermissionSetAssignments' }),
    dateTime('ExpirationDate', readOnly),
    dateTime('SystemModstamp', readOnly),
  ]),
  log('LoginHistory', '0Ya', [
    ...id(),
    user('UserId'),
    dateTime('LoginTime', readOnly),
    picklist('LoginType', ['Application', 'Remote Access 2.0', 'Other Apex API'], readOnly),
    text('SourceIp', 39, readOnly),
    text('LoginUrl', 255, readOnly),
    text('Application', 255, readOnly),
    text('ClientVersion', 255, readOnly),
    text('ApiType', 255, readOnly),
    text('ApiVersion', 32, readOnly),
    text('Status', 128, readOnly),
    text('Browser', 64, readOnly),
    text('Platform', 64, readOnly),
    text('CountryIso', 3, readOnly),
  ]),
  log('SetupAuditTrail', '0Ym', [
    ...id(),
    text('Action', 40, readOnly),
    text('Section', 80, readOnly),
    text('Display', 1000, readOnly),
    ...created(),
    text('DelegateUser', 80, readOnly),
    text('ResponsibleNamespacePrefix', 15, readOnly),
  ]),
  log('ConnectedApplication', '0H4', [
    ...id(),
    text('Name', 80, { ...readOnly, nameField: true }),
    checkbox('OptionsAllowAdminApprovedUsersOnly', readOnly),
    checkbox('OptionsRefreshTokenValidityMetric', readOnly),
    checkbox('OptionsHasSessionLevelPolicy', readOnly),
    checkbox('OptionsIsInternal', readOnly),
    integer('RefreshTokenValidityPeriod', readOnly),
    text('StartUrl', 1024, readOnly),
    ...audit(),
  ]),
  log('OauthToken', '0CQ', [
    ...id(),
    text('AppName', 255, readOnly),
    user('UserId'),
    integer('UseCount', readOnly),
    dateTime('CreatedDate', readOnly),
    dateTime('LastUsedDate', readOnly),
  ]),
  log('EventLogFile', '0AT', [
    ...id(),
    text('EventType', 40, readOnly),
    dateTime('LogDate', readOnly),
    text('Interval', 10, readOnly),
    integer('Sequence', readOnly),
    integer('LogFileLength', readOnly),
    text('LogFileContentType', 40, readOnly),
    text('LogFileFieldNames', 2000, readOnly),
    text('LogFileFieldTypes', 2000, readOnly),
    text('ApiVersion', 10, readOnly),
    formula('LogFile', 'string', (read) => `/services/data/v62.0/sobjects/EventLogFile/${String(read('Id'))}/LogFile`),
    ...audit(),
  ]),
  {
    ...log('OpportunityFieldHistory', '017', [
      ...identity(),
      reference('OpportunityId', ['Opportunity'], { ...readOnly, children: 'Histories', cascadeDelete: true }),
      text('Field', 40, readOnly),
      text('OldValue', 255, readOnly),
      text('NewValue', 255, readOnly),
      ...created(),
    ]),
    labelPlural: 'OpportunityFieldHistories',
  },
];
