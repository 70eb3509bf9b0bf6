import type { SimulatorClock } from '../clock.ts';
import type { SimulatorReply, SimulatorRequest } from '../http/http-server.ts';
import type { ApiUsage } from './api-usage.ts';
import { connectedAppName } from './call-author.ts';
import type { SalesforceObject } from './object-definition.ts';
import type { ChangeAuthor, SalesforceRecordChanges } from './record-changes.ts';
import { upsertRecord } from './record-upsert.ts';
import { type RowOptions, type RowOutcome, type RowResult, runRows } from './row-results.ts';
import type { SalesforceAuth } from './salesforce-auth.ts';
import { type RowError, SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';
import {
  childOf,
  childrenNamed,
  escapeXml,
  isNil,
  parseXml,
  writeXml,
  type XmlContent,
  type XmlElement,
} from './xml.ts';

export interface SoapApiOptions {
  readonly store: SalesforceStore;
  readonly changes: SalesforceRecordChanges;
  readonly auth: SalesforceAuth;
  readonly usage: ApiUsage;
  readonly clock: SimulatorClock;
  readonly orgId: string;
}

const maxRecords = 200;

/** One operation of the body, with what the header says about it. */
interface SoapCall {
  readonly operation: XmlElement;
  readonly author: ChangeAuthor;
  readonly rows: RowOptions;
}

type Operation = (call: SoapCall) => XmlContent;

/** A record of a request: its object and fields, the ones to be emptied as nulls. */
interface SoapRecord {
  readonly type: string;
  readonly id: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

const namespaces =
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

function envelope(body: string, header = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ${namespaces}>${header}<soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`;
}

/** The answer to a call that failed as a whole. */
export function soapFault(code: string, message: string): SimulatorReply {
  const detail = `<detail><sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault"><sf:exceptionCode>${code}</sf:exceptionCode><sf:exceptionMessage>${escapeXml(message)}</sf:exceptionMessage></sf:UnexpectedErrorFault></detail>`;
  const body = `<soapenv:Fault><faultcode>sf:${code}</faultcode><faultstring>${escapeXml(`${code}: ${message}`)}</faultstring>${detail}</soapenv:Fault>`;
  return { status: 500, headers: { 'Content-Type': 'text/xml;charset=UTF-8' }, body: envelope(body) };
}

function readRecord(element: XmlElement): SoapRecord {
  const fields: Record<string, unknown> = {};
  let type = '';
  let id: string | null = null;
  for (const child of element.children) {
    if (child.name === 'type') type = child.text.trim();
    else if (child.name === 'fieldsToNull') fields[child.text.trim()] = null;
    else if (child.name === 'Id') id = child.text.trim() === '' ? null : child.text.trim();
    else fields[child.name] = isNil(child) ? null : child.text;
  }
  if (type === '') throw new SalesforceError(500, 'INVALID_TYPE', 'sObject type was not specified');
  return { type, id, fields };
}

function errorContent(error: RowError): XmlContent {
  return { fields: error.fields, message: error.message, statusCode: error.statusCode };
}

const resultContent = (
  { id, success, errors, created }: RowResult,
  extra: Record<string, XmlContent> = {},
): XmlContent => ({
  created,
  errors: errors.map(errorContent),
  id,
  ...extra,
  success,
});

function checkCount(count: number): void {
  if (count <= maxRecords) return;
  throw new SalesforceError(
    500,
    'EXCEEDED_ID_LIMIT',
    `record limit reached. cannot submit more than ${maxRecords} records into this call`,
  );
}

/** The SOAP API: `/services/Soap/u/NN.0`. It is the only way to merge, undelete and empty the recycle bin. */
export function createSoapApi(options: SoapApiOptions): (request: SimulatorRequest) => SimulatorReply {
  const { store, changes, auth, usage, clock } = options;

  const idsOf = (operation: XmlElement): string[] => {
    const ids = childrenNamed(operation, 'ids', 'ID').map((child) => child.text.trim());
    checkCount(ids.length);
    return ids;
  };
  const recordsOf = (operation: XmlElement): SoapRecord[] => {
    const elements = childrenNamed(operation, 'sObjects');
    checkCount(elements.length);
    return elements.map(readRecord);
  };
  const objectOf = (type: string): SalesforceObject => {
    const object = store.object(type);
    if (object === undefined) {
      throw new SalesforceError(500, 'INVALID_TYPE', `sObject type '${type}' is not supported.`);
    }
    return object;
  };
  const found = (id: string) => {
    const record = store.find(id);
    if (record === undefined) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return record;
  };
  const byId = (work: (object: string, id: string, author: ChangeAuthor) => void): Operation => {
    return ({ operation, author, rows }) => {
      const results = runRows(
        idsOf(operation),
        (id): RowOutcome => {
          const { object, record } = found(id);
          work(object.name, record.id, author);
          return { id: record.id };
        },
        rows,
      );
      return results.map((result) => resultContent(result));
    };
  };

  const mergeOne = (request: XmlElement, author: ChangeAuthor): XmlContent => {
    const master = childOf(request, 'masterRecord');
    if (master === undefined) throw new SalesforceError(500, 'MISSING_ARGUMENT', 'masterRecord is missing');
    const { type, id, fields } = readRecord(master);
    const object = objectOf(type);
    const loserIds = childrenNamed(request, 'recordToMergeIds').map((child) => child.text.trim());
    let moved: readonly string[] = [];
    let merged: readonly string[] = [];
    const [result] = runRows(
      [id],
      (winnerId): RowOutcome => {
        if (winnerId === null) {
          throw new SalesforceError(400, 'MISSING_ARGUMENT', 'Id not specified in a merge call', ['Id']);
        }
        const losers = loserIds.map((loserId) => found(loserId).record.id);
        moved = changes.merge(object.name, winnerId, losers, { author, fields });
        merged = losers;
        return { id: found(winnerId).record.id };
      },
      { allOrNone: false, atomically: changes.atomically },
    );
    return resultContent(result as RowResult, { mergedRecordIds: merged, updatedRelatedIds: moved });
  };

  const operations: Readonly<Record<string, Operation>> = {
    merge({ operation, author }) {
      const requests = childrenNamed(operation, 'request', 'mergeRequest', 'mergeRequests');
      checkCount(requests.length);
      return requests.map((request) => mergeOne(request, author));
    },
    undelete: byId((object, id, author) => changes.undelete(object, id, author)),
    delete: byId((object, id, author) => changes.delete(object, id, author)),
    emptyRecycleBin: byId((object, id, author) => changes.emptyFromRecycleBin(object, id, author)),
    create: ({ operation, author, rows }) =>
      runRows(
        recordsOf(operation),
        ({ type, fields }): RowOutcome => ({ id: changes.create(objectOf(type).name, fields, author) }),
        rows,
      ).map((result) => resultContent(result)),
    update: ({ operation, author, rows }) =>
      runRows(
        recordsOf(operation),
        ({ type, id, fields }): RowOutcome => {
          if (id === null) {
            throw new SalesforceError(400, 'MISSING_ARGUMENT', 'Id not specified in an update call', ['Id']);
          }
          changes.update(objectOf(type).name, id, fields, author);
          return { id: found(id).record.id };
        },
        rows,
      ).map((result) => resultContent(result)),
    upsert({ operation, author, rows }) {
      const fieldName = childrenNamed(operation, 'externalIDFieldName', 'externalIdFieldName')[0]?.text.trim() ?? '';
      const work = ({ type, fields }: SoapRecord): RowOutcome => {
        const input = { object: objectOf(type), fieldName, value: fields[fieldName], fields };
        const outcome = upsertRecord({ store, changes }, input, author);
        if (outcome.matches !== undefined) {
          throw new SalesforceError(300, 'DUPLICATE_EXTERNAL_ID', `${fieldName}: more than one record found`);
        }
        return { id: outcome.id, created: outcome.created };
      };
      return runRows(recordsOf(operation), work, rows).map((result) => resultContent(result));
    },
    getServerTimestamp: () => ({ timestamp: new Date(clock.now()).toISOString() }),
    getUserInfo: ({ author }) => ({ organizationId: options.orgId, userId: author.userId }),
  };

  const answer = (document: XmlElement): string => {
    const header = childOf(document, 'Header');
    const headerText = (element: string, child: string) => childOf(childOf(header, element), child)?.text.trim();
    const session = auth.session(headerText('SessionHeader', 'sessionId') ?? '');
    if (session === null) {
      throw new SalesforceError(
        500,
        'INVALID_SESSION_ID',
        'Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session key',
      );
    }
    usage.count();
    const operation = childOf(document, 'Body')?.children[0];
    const run = operation === undefined ? undefined : operations[operation.name];
    if (operation === undefined || run === undefined) {
      throw new SalesforceError(
        500,
        'UNKNOWN_EXCEPTION',
        `No operation available for request ${operation?.name ?? ''}`,
      );
    }
    const result = run({
      operation,
      author: {
        userId: session.userId,
        by: 'api',
        application: headerText('CallOptions', 'client') ?? connectedAppName,
        allowsDuplicates: headerText('DuplicateRuleHeader', 'allowSave') === 'true',
      },
      rows: { allOrNone: headerText('AllOrNoneHeader', 'allOrNone') === 'true', atomically: changes.atomically },
    });
    const limits = { limitInfo: { current: usage.used(), limit: usage.limit, type: 'API REQUESTS' } };
    return envelope(
      writeXml(`${operation.name}Response`, { result }),
      `<soapenv:Header>${writeXml('LimitInfoHeader', limits)}</soapenv:Header>`,
    );
  };

  return (request) => {
    try {
      const body = answer(parseXml(request.text()));
      return { status: 200, headers: { 'Content-Type': 'text/xml;charset=UTF-8' }, body };
    } catch (error) {
      if (error instanceof SalesforceError) return soapFault(error.code, error.message);
      if (error instanceof SyntaxError)
        return soapFault('UNKNOWN_EXCEPTION', `The request cannot be read: ${error.message}`);
      throw error;
    }
  };
}
