import { isSalesforceId, longSalesforceId } from '@kempt/contracts';
import { CrmError, shortText } from '../crm-error.ts';
import type { VendorError } from './error-map.ts';
import { childrenNamed, readXml, textAt, type XmlElement, xmlText } from './xml.ts';

/** What became of one record of a call. */
export type SoapResult =
  | { readonly success: true; readonly id: string; readonly movedIds: readonly string[] }
  | { readonly success: false; readonly error: VendorError };

const partner = 'urn:partner.soap.sforce.com';
const sobject = 'urn:sobject.partner.soap.sforce.com';

/**
 * A request. The vendor's client has one of its own, which cannot be stopped, cannot be told the transport of one call,
 * and leaves the order of the elements to chance, which the schema of the API does not.
 */
export function soapEnvelope(
  operation: string,
  session: { readonly accessToken: string; readonly client: string },
): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="${partner}" xmlns:o="${sobject}">` +
    `<soap:Header><p:SessionHeader><p:sessionId>${xmlText(session.accessToken)}</p:sessionId></p:SessionHeader>` +
    `<p:CallOptions><p:client>${xmlText(session.client)}</p:client></p:CallOptions></soap:Header>` +
    `<soap:Body>${operation}</soap:Body></soap:Envelope>`
  );
}

export interface SoapMerge {
  readonly object: string;
  readonly masterId: string;
  readonly loserIds: readonly string[];
  /** Field values as text; null for those that shall be blank. */
  readonly fields: ReadonlyMap<string, string | null>;
}

/** Merges records into one. Elements stand in the order of the schema: type, fields to blank, id, other fields. */
export function mergeOperation(merge: SoapMerge): string {
  const entries = [...merge.fields];
  const nulls = entries.filter(([, value]) => value === null).map(([name]) => tag('o:fieldsToNull', name));
  const values = entries.flatMap(([name, value]) => (value === null ? [] : [tag(`o:${name}`, value)]));
  const master = [tag('o:type', merge.object), ...nulls, tag('o:Id', merge.masterId), ...values].join('');
  const losers = merge.loserIds.map((id) => tag('p:recordToMergeIds', id)).join('');
  return `<p:merge><p:request><p:masterRecord>${master}</p:masterRecord>${losers}</p:request></p:merge>`;
}

/** Takes records out of the recycle bin. */
export const undeleteOperation = (ids: readonly string[]): string =>
  `<p:undelete>${ids.map((id) => tag('p:ids', id)).join('')}</p:undelete>`;

const tag = (name: string, text: string): string => `<${name}>${xmlText(text)}</${name}>`;

/** The fault of an answer; null when the answer is none of the API's. */
export function readSoapFault(body: string): VendorError | null {
  const envelope = readXml(body);
  if (envelope === null) return null;
  const code = textAt(envelope, 'Body', 'Fault', 'faultcode');
  if (code === '') return null;
  const message = textAt(envelope, 'Body', 'Fault', 'faultstring');
  const bare = code.slice(code.indexOf(':') + 1);
  return { code: bare, message: shortText(message.replace(`${bare}: `, '')), fields: [] };
}

/** The results of an answer that is a success. Throws CrmError of kind `malformed` when it holds none. */
export function readSoapResults(body: string): readonly SoapResult[] {
  const envelope = readXml(body);
  const response = envelope?.children.find(({ name }) => name === 'Body')?.children[0];
  const results = response === undefined ? [] : childrenNamed(response, 'result').map(readResult);
  if (results.length > 0) return results;
  throw new CrmError({
    kind: 'malformed',
    code: 'malformed-soap',
    message: 'Salesforce answered a SOAP call without results.',
    mayBeDone: true,
  });
}

function readResult(result: XmlElement): SoapResult {
  const id = textAt(result, 'id');
  if (textAt(result, 'success') === 'true' && isSalesforceId(id)) {
    const movedIds = childrenNamed(result, 'updatedRelatedIds').map(({ text }) => longSalesforceId(text.trim()));
    return { success: true, id: longSalesforceId(id), movedIds };
  }
  const [error] = childrenNamed(result, 'errors');
  if (error === undefined) {
    return { success: false, error: { code: 'UNKNOWN_EXCEPTION', message: 'It does not say why.', fields: [] } };
  }
  const message = textAt(error, 'message');
  return {
    success: false,
    error: {
      code: textAt(error, 'statusCode'),
      message: shortText(message),
      fields: childrenNamed(error, 'fields').map(({ text }) => text.trim()),
      existingId: /with id: (\w{15,18})/.exec(message)?.[1],
    },
  };
}
