import type { Database } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import type { KpiMetrics } from '../metrics.ts';
import type { Probe } from './observed-time.ts';
import { addProbe, installation } from './uptime-store.ts';

/** A service of the installation, and where it says that it lives. */
export interface ProbeTarget {
  readonly name: string;
  readonly url: string;
}

interface ServiceProbesOptions {
  readonly database: Database;
  readonly targets: readonly ProbeTarget[];
  readonly metrics: Pick<KpiMetrics, 'probeUp' | 'probeSeconds'>;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/** Asks every service of the installation whether it lives. One instance does it; the others stand by. */
export function createServiceProbes(options: ServiceProbesOptions): Component {
  const { database, targets, metrics, logger, intervalMs, timeoutMs, now } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function look({ name, url }: ProbeTarget): Promise<Omit<Probe, 'sequence'>> {
    const at = now();
    let up = false;
    try {
      const response = await options.fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
      await response.arrayBuffer();
      up = response.ok;
    } catch {
      // No answer is an answer: the service is down.
    }
    const latencyMs = now() - at;
    metrics.probeUp.set({ target: name }, up ? 1 : 0);
    if (up) metrics.probeSeconds.observe({ target: name }, latencyMs / 1_000);
    return { at: new Date(at), up, intervalMs, latencyMs };
  }

  async function round(): Promise<void> {
    const looks = await Promise.all(targets.map(async (target) => ({ target, probe: await look(target) })));
    await database.systemTransaction(async (tx) => {
      for (const { target, probe } of looks) {
        await addProbe(tx, installation, target.name, { ...probe, sequence: probe.at.getTime() });
      }
    });
  }

  const pause = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(done, intervalMs);
      signal.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    });

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await database.tryAdvisoryLock('service-probes', async (lost) => {
          const signal = AbortSignal.any([lost, stopping.signal]);
          while (!signal.aborted) {
            await round();
            await pause(signal);
          }
        });
        // Whoever looks from now on shows what it sees; two must not say different things.
        metrics.probeUp.reset();
      } catch (error) {
        logger.warn({ err: error }, 'Probing the services failed; it is tried again');
      }
      await pause(stopping.signal);
    }
  }

  return {
    name: 'service-probes',
    start: async () => {
      if (targets.length > 0) running = run();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
