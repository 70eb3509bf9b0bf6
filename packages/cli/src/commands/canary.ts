import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-code.ts';
import { wholeNumber } from '../list-options.ts';
import { table } from '../output-table.ts';

interface Status {
  readonly status: 'ok' | 'degraded';
  readonly services: readonly {
    readonly name: string;
    readonly isReady: boolean;
    readonly reasons?: Readonly<Record<string, string>>;
  }[];
}

interface Stage {
  readonly stage: string;
  readonly seconds: number;
}

/** A task of the calendar that Kempt does by itself, at any time, and that changes nothing in a CRM. */
const task = 'duplicate-review';
const pollMs = 500;

/**
 * `kempt canary`: whether something gets through a whole installation. A task of the maintenance calendar is begun by the API; its
 * end is an event, which goes by the outbox of one service over the bus to another one, which seals it in the chain of evidence, where
 * the API finds it.
 */
export function addCanaryCommand(program: Command, context: CommandContext): void {
  program
    .command('canary')
    .description('send something through the whole installation and wait until it comes out')
    .option('--timeout <seconds>', 'it must have come out in this time', wholeNumber(1, 3_600), 120)
    .action(async ({ timeout }: { readonly timeout: number }) => {
      const deadline = AbortSignal.timeout(timeout * 1_000);
      const signal = context.signal === undefined ? deadline : AbortSignal.any([context.signal, deadline]);
      const stages = await sendCanary(await context.api(), signal);
      context.output().show({ stages }, () =>
        table(
          ['stage', 'seconds'],
          stages.map(({ stage, seconds }) => [stage, seconds]),
          '',
        ),
      );
    });
}

async function sendCanary(api: ApiClient, signal: AbortSignal): Promise<readonly Stage[]> {
  const stages: Stage[] = [];
  const begun = performance.now();
  const passed = (stage: string): void => {
    stages.push({ stage, seconds: Math.round((performance.now() - begun) / 100) / 10 });
  };
  const status = await awaited(signal, 'every service to be ready', async () => {
    const found = await api.get<Status>('/v1/status');
    const away = found.services.filter(({ isReady }) => !isReady);
    return away.length === 0 ? { is: found } : { not: away.map(reasonOf).join('; ') };
  });
  passed('every service is ready');
  const names = new Set(status.services.map(({ name }) => name));
  if (!names.has('metrics') || !names.has('integration-audit')) return stages;

  const { runId } = await awaited(signal, `a run of ${task}`, async () => {
    try {
      return { is: await api.post<{ runId: string }>(`/v1/calendar/${task}/run`) };
    } catch (error) {
      if (error instanceof CliError && error.code === 'run-is-under-way') return { not: error.message };
      throw error;
    }
  });
  passed(`${task} was begun by the API`);
  await awaited(signal, `run ${runId} of ${task} in the chain of evidence`, async () => {
    const { items } = await api.get<{ items: readonly unknown[] }>('/v1/evidence', { subjectId: runId, limit: 1 });
    return items.length > 0 ? { is: true } : { not: 'it is not there yet' };
  });
  passed('its end came by outbox, bus and consumer, and is in the chain of evidence');
  return stages;
}

function reasonOf({ name, reasons = {} }: Status['services'][number]): string {
  const told = Object.entries(reasons).map(([component, reason]) => `${component}: ${reason}`);
  return told.length === 0 ? name : `${name} (${told.join(', ')})`;
}

/** Looks again until the answer is there, over failures that pass. Rejects at the deadline with what was missing. */
async function awaited<T>(
  signal: AbortSignal,
  what: string,
  look: () => Promise<{ readonly is: T } | { readonly not: string }>,
): Promise<T> {
  for (;;) {
    let missing: string;
    try {
      const found = await look();
      if ('is' in found) return found.is;
      missing = found.not;
    } catch (error) {
      if (!(error instanceof CliError && error.retriable)) throw error;
      missing = error.message;
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      throw new CliError(`Waited in vain for ${what}: ${missing}`, {
        code: 'canary-lost',
        exitCode: exitCodes.unavailable,
      });
    }
  }
}
