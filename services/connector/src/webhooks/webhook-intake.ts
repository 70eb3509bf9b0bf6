import type { Database } from '@kempt/postgres';
import { notFound, ProblemError } from '@kempt/service-runtime';
import type { Connection } from '../connections/connection.ts';
import { findById } from '../connections/connection-store.ts';
import { openCredentials } from '../connections/connections.ts';
import type { Sealer } from '../connections/sealing.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import { readNotices } from './notice.ts';
import { putNotices } from './webhook-notice-store.ts';
import { judgeSignature, type SignatureVerdict, signatureLifetimeMs } from './webhook-signature.ts';

/** A call of HubSpot as it came. */
export interface WebhookCall {
  readonly connectionId: string;
  readonly body: Buffer;
  readonly signature: string | undefined;
  readonly timestamp: string | undefined;
}

export interface WebhookIntake {
  /** Keeps what a call tells, for good, or rejects with a ProblemError. Taking the same call in twice does no harm. */
  take(tenantId: string, call: WebhookCall): Promise<void>;
}

export interface WebhookIntakeOptions {
  readonly database: Database;
  readonly sealer: Sealer;
  /** Where HubSpot calls, without the connection's id at its end; empty when that is not set. */
  readonly publicUrl: string;
  readonly metrics: ConnectorMetrics;
  readonly now: () => number;
  /** Called when records may have to be read. */
  readonly onNotice: () => void;
}

const refusals: Readonly<Record<Exclude<SignatureVerdict, 'valid'>, readonly [code: string, detail: string]>> = {
  missing: [
    'signature-missing',
    'The call has no X-HubSpot-Signature-v3 or no X-HubSpot-Request-Timestamp. Only HubSpot may call here.',
  ],
  wrong: [
    'signature-wrong',
    'The signature does not fit. Check that webhookSecret is the client secret of the app, and that the app calls the ' +
      'address in KEMPT_CONNECTOR_PUBLIC_WEBHOOK_URL, to the letter.',
  ],
  stale: ['signature-stale', `The call is more than ${signatureLifetimeMs / 60_000} minutes old. Check the clock.`],
};

const refusal = (status: number, code: string, detail: string): ProblemError =>
  new ProblemError({ status, code, title: 'The webhook is refused', detail });

function entriesOf(body: Buffer): readonly unknown[] {
  let entries: unknown;
  try {
    entries = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw refusal(400, 'malformed-body', 'The body is not JSON.');
  }
  if (!Array.isArray(entries)) throw refusal(400, 'malformed-body', 'The body is not a list of events.');
  return entries;
}

export function createWebhookIntake(options: WebhookIntakeOptions): WebhookIntake {
  const { database, metrics } = options;
  const publicUrl = options.publicUrl.replace(/\/+$/, '');

  /** The secret of the connection's app; rejects when what it takes to check a signature is not there. */
  async function secretOf(connection: Connection): Promise<string> {
    const credentials = (await openCredentials(options.sealer, connection)) as { readonly webhookSecret?: unknown };
    const { webhookSecret } = credentials;
    if (typeof webhookSecret !== 'string' || webhookSecret === '') {
      throw refusal(
        409,
        'webhook-secret-missing',
        'The connection has no webhookSecret. Create it again with the client secret of the app as webhookSecret.',
      );
    }
    return webhookSecret;
  }

  async function take(tenantId: string, call: WebhookCall): Promise<number> {
    const connection = await database.transaction(tenantId, (tx) => findById(tx, call.connectionId), {
      readOnly: true,
    });
    if (connection?.system !== 'hubspot') throw notFound(`The HubSpot connection ${call.connectionId}`);
    if (publicUrl === '') {
      throw refusal(
        409,
        'webhook-url-missing',
        'The address that HubSpot calls is not known. Set KEMPT_CONNECTOR_PUBLIC_WEBHOOK_URL.',
      );
    }
    const { body, signature, timestamp } = call;
    const url = `${publicUrl}/${connection.id}`;
    const verdict = judgeSignature(
      await secretOf(connection),
      { method: 'POST', url, body, signature, timestamp },
      options.now(),
    );
    if (verdict !== 'valid') throw refusal(401, ...refusals[verdict]);
    const { account, objects } = connection;
    const portalId = account.slice(account.indexOf(':') + 1);
    const { notices, ignored } = readNotices(entriesOf(body), { portalId, objects });
    if (ignored > 0) metrics.webhookNotices.inc({ outcome: 'ignored' }, ignored);
    // What changes while a connection is paused is found when it is read again.
    if (notices.length === 0 || connection.status === 'paused') return 0;
    await database.transaction(tenantId, (tx) => putNotices(tx, account, notices));
    return notices.length;
  }

  return {
    async take(tenantId, call) {
      let taken: number;
      try {
        taken = await take(tenantId, call);
      } catch (error) {
        metrics.webhookNotices.inc({ outcome: 'refused' });
        throw error;
      }
      if (taken === 0) return;
      metrics.webhookNotices.inc({ outcome: 'taken' }, taken);
      options.onNotice();
    },
  };
}
