import { createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** The address that the CRM was told to call, in full. */
  readonly url: string;
  /** As it came, to the byte. */
  readonly body: Uint8Array;
  /** `X-HubSpot-Signature-v3`. */
  readonly signature: string | undefined;
  /** `X-HubSpot-Request-Timestamp`: milliseconds since 1970. */
  readonly timestamp: string | undefined;
}

export type SignatureVerdict = 'valid' | 'missing' | 'stale' | 'wrong';

/** How far the time of a request may be from ours, in either direction. */
export const signatureLifetimeMs = 300_000;

/** The escapes that HubSpot undoes before it signs an address. All others stay as they are. */
const signedEscapes: Readonly<Record<string, string>> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
};

const signedForm = (url: string): string =>
  url.replace(/%[0-9a-f]{2}/gi, (escape) => signedEscapes[escape.toUpperCase()] ?? escape);

/** Whether HubSpot sent this request (signature version 3), and just now. Takes the same time whatever is wrong with it. */
export function judgeSignature(secret: string, request: SignedRequest, nowMs: number): SignatureVerdict {
  const { signature, timestamp } = request;
  if (signature === undefined || signature === '' || timestamp === undefined) return 'missing';
  const expected = createHmac('sha256', secret)
    .update(request.method + signedForm(request.url))
    .update(request.body)
    .update(timestamp)
    .digest();
  const given = Buffer.from(signature, 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'wrong';
  const sentMs = /^\d{1,15}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  return Math.abs(nowMs - sentMs) <= signatureLifetimeMs ? 'valid' : 'stale';
}
