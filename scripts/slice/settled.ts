import { setTimeout as sleep } from 'node:timers/promises';
import { isQuiet } from '@kempt/demonstration';
import type { Deployment } from './deployment.ts';
import { createRestClient } from './rest-dump.ts';

interface ConnectionView {
  readonly account: string;
  readonly objects: readonly { readonly object: string; readonly backfilled: boolean }[];
}

interface ModelView {
  readonly entityKind: string;
  readonly deciding: boolean;
}

/** Resolves when the first sync is complete, every record is resolved and nothing is on its way. */
export async function awaitFirstSync(deployment: Deployment, timeoutMs: number): Promise<void> {
  const client = createRestClient(deployment.apiUrl, deployment.apiKey);
  await awaitTrue(timeoutMs, 'the first sync', async () => {
    const { items: connections } = (await client.get('/v1/connections')) as { items: ConnectionView[] };
    const { items: models } = (await client.get('/v1/models')) as { items: ModelView[] };
    return (
      connections.length === 2 &&
      connections.every((connection) => connection.objects.every((object) => object.backfilled)) &&
      models.filter((model) => model.deciding).length === 2 &&
      (await isQuiet(deployment.metricsUrls()))
    );
  });
}

/** Asks again and again, also while the answer is an error, until it is true. */
export async function awaitTrue(timeoutMs: number, what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  while (performance.now() < deadline) {
    try {
      if (await condition()) return;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await sleep(500);
  }
  throw new Error(`${what} did not come within ${timeoutMs / 1000} s`, { cause: lastError });
}
