import type { IncomingHttpHeaders } from 'node:http';
import type { ChangeAuthor } from './record-changes.ts';
import type { SalesforceSession } from './salesforce-auth.ts';

/** The connected app through which clients come. */
export const connectedAppName = 'Kempt Connector';

const isTrue = (text: string | undefined): boolean => text?.toLowerCase() === 'true';

/** An option such as `allowSave` of a header such as `Sforce-Duplicate-Rule-Header: allowSave=true; ...`. */
export function headerOption(headers: IncomingHttpHeaders, name: string, option: string): string | undefined {
  const header = headers[name];
  const text = Array.isArray(header) ? header.join(';') : (header ?? '');
  return new RegExp(`(?:^|[;,\\s])${option}\\s*=\\s*([^;,]+)`, 'i').exec(text)?.[1]?.trim();
}

/** Who makes the changes of a REST call. */
export function restAuthor(session: SalesforceSession, headers: IncomingHttpHeaders): ChangeAuthor {
  return {
    userId: session.userId,
    by: 'api',
    application: headerOption(headers, 'sforce-call-options', 'client') ?? connectedAppName,
    allowsDuplicates: isTrue(headerOption(headers, 'sforce-duplicate-rule-header', 'allowSave')),
  };
}
