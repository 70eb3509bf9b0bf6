/** What names a CRM record; the generated `RecordRef` message has these fields, too. */
export interface RecordRefFields {
  /** The CRM itself: `sf:<orgId>` or `hs:<portalId>`. */
  readonly account: string;
  readonly object: string;
  readonly recordId: string;
}

/** What names an audit record. */
export interface AuditedFields {
  readonly account: string;
  /** `user`, `login`, `app`, `api-usage` or `setup-change`. */
  readonly kind: string;
  /** Unique within account and kind. */
  readonly auditId: string;
}

export type KeyPart = 'tenant' | 'account' | 'object' | 'record id' | 'golden ID' | 'alias' | 'kind' | 'id';

/** A reference or key that cannot be written or read without ambiguity. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError';
  readonly code = 'invalid-key';
  readonly retriable = false;
  readonly part: KeyPart;

  constructor(part: KeyPart, message: string) {
    super(message);
    this.part = part;
  }
}

function checked(part: KeyPart, text: string): string {
  if (text === '') throw new InvalidKeyError(part, `The ${part} of a key is empty`);
  if (text.includes(':')) throw new InvalidKeyError(part, `The ${part} of a key must not contain ":"`);
  return text;
}

/** An account is a system and an id, so it has one colon of its own. */
function checkedAccount(account: string): string {
  const colon = account.indexOf(':');
  if (colon < 1 || colon === account.length - 1 || account.includes(':', colon + 1)) {
    throw new InvalidKeyError('account', 'The account of a key must look like "sf:<orgId>" or "hs:<portalId>"');
  }
  return account;
}

/** `account:object:recordId`, the way people and URLs write a reference. */
export function formatRecordRef(ref: RecordRefFields): string {
  return `${checkedAccount(ref.account)}:${checked('object', ref.object)}:${checked('record id', ref.recordId)}`;
}

/** Reads what `formatRecordRef` wrote. */
export function parseRecordRef(text: string): RecordRefFields {
  const [system = '', accountId = '', object = '', recordId = '', ...rest] = text.split(':');
  if (rest.length > 0)
    throw new InvalidKeyError('record id', 'A record reference has four parts: "sf:<orgId>:<object>:<recordId>"');
  return {
    account: checkedAccount(`${system}:${accountId}`),
    object: checked('object', object),
    recordId: checked('record id', recordId),
  };
}

/** Key of events about a record: `tenant:account:object:recordId`. */
export function recordKey(tenantId: string, ref: RecordRefFields): string {
  return `${checked('tenant', tenantId)}:${formatRecordRef(ref)}`;
}

/** Reads what `recordKey` wrote. */
export function parseRecordKey(key: string): { readonly tenantId: string; readonly ref: RecordRefFields } {
  const colon = key.indexOf(':');
  return {
    tenantId: checked('tenant', colon < 0 ? key : key.slice(0, colon)),
    ref: parseRecordRef(colon < 0 ? '' : key.slice(colon + 1)),
  };
}

/** Key of events about an object of an account: `tenant:account:object`. */
export function objectKey(tenantId: string, account: string, object: string): string {
  return `${checked('tenant', tenantId)}:${checkedAccount(account)}:${checked('object', object)}`;
}

/** Key of events about an account: `tenant:account`. */
export function accountKey(tenantId: string, account: string): string {
  return `${checked('tenant', tenantId)}:${checkedAccount(account)}`;
}

/** Key of events about a cluster: `tenant:goldenId`. */
export function clusterKey(tenantId: string, goldenId: string): string {
  return `${checked('tenant', tenantId)}:${checked('golden ID', goldenId)}`;
}

/** Key of events about a superseded golden ID: `tenant:alias`. */
export function aliasKey(tenantId: string, alias: string): string {
  return `${checked('tenant', tenantId)}:${checked('alias', alias)}`;
}

/** Key of events about something that has an id of its own, such as a change set or a finding: `tenant:id`. */
export function idKey(tenantId: string, id: string): string {
  return `${checked('tenant', tenantId)}:${checked('id', id)}`;
}

/** Key of audit records: `tenant:account:kind:auditId`. */
export function auditKey(tenantId: string, audited: AuditedFields): string {
  const { account, kind, auditId } = audited;
  return `${checked('tenant', tenantId)}:${checkedAccount(account)}:${checked('kind', kind)}:${checked('id', auditId)}`;
}

/** Subject of events about a record: `account/object/recordId`. */
export function recordSubject(ref: RecordRefFields): string {
  return `${checkedAccount(ref.account)}/${checked('object', ref.object)}/${checked('record id', ref.recordId)}`;
}
