import type { EventRecord } from '@kempt/contracts';

/** What must be known of an event before anybody may look at its content. */
export interface Envelope {
  readonly tenantId: string;
  readonly eventId: string;
}

/** An event that cannot be given to anybody, and why. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
  readonly code = 'envelope-malformed';
  readonly retriable = false;
  readonly header: string;

  constructor(header: string, problem: string) {
    super(`Header ${header} ${problem}`);
    this.header = header;
  }
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const longestTenantId = 256;

export function isUuid(text: string | undefined): text is string {
  return text !== undefined && uuidPattern.test(text);
}

/** True for a text that can be a tenant: not empty, not longer than 256, no colon and no control character. */
export function isTenantId(text: string | undefined): text is string {
  if (text === undefined || text === '' || text.length > longestTenantId || text.includes(':')) return false;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) < 32) return false;
  return true;
}

/** Throws `EnvelopeError` where the headers do not say whose event it is or which one. */
export function readEnvelope(record: EventRecord): Envelope {
  const { ce_tenantid: tenantId, ce_id: eventId } = record.headers;
  if (!isTenantId(tenantId)) {
    throw new EnvelopeError(
      'ce_tenantid',
      tenantId === undefined
        ? 'is missing.'
        : 'is not a tenant id: it must be short, without colon or control characters.',
    );
  }
  if (!isUuid(eventId)) throw new EnvelopeError('ce_id', eventId === undefined ? 'is missing.' : 'is not a UUID.');
  return { tenantId, eventId: eventId.toLowerCase() };
}
