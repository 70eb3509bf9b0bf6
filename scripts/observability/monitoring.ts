import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { alertmanagerConfig, prometheusConfig, ruleFile, type Scale, type ScrapeTarget } from '@kempt/observability';
import { stringify } from 'yaml';
import { freePort } from '../../services/standalone/src/platform/free-port.ts';

/** An alert as Alertmanager hands it to a webhook. */
export interface Notice {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly atMs: number;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus that scrapes a Kempt, with its Alertmanager and the webhook behind that. */
export interface Monitoring {
  query(expr: string): Promise<readonly Sample[]>;
  /** What the webhook was told, oldest first. */
  readonly notices: readonly Notice[];
  stop(): Promise<void>;
}

export interface MonitoringOptions {
  readonly folder: string;
  readonly targets: readonly ScrapeTarget[];
  readonly scale: Scale;
  readonly runbookBase: string;
}

export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const { folder, targets, scale, runbookBase } = options;
  await mkdir(folder, { recursive: true });
  const notices: Notice[] = [];
  const webhook = createServer((request, response) => {
    let body = '';
    request.on('data', (text: Buffer) => {
      body += text.toString();
    });
    request.on('end', () => {
      const { alerts } = JSON.parse(body) as { alerts: Omit<Notice, 'atMs'>[] };
      for (const alert of alerts) notices.push({ ...alert, atMs: Date.now() });
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    webhook.listen(0, '127.0.0.1', resolve);
  });
  const webhookUrl = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];

  await writeFile(
    join(folder, 'alertmanager.yml'),
    stringify(alertmanagerConfig({ webhookUrl, groupWait: '500ms', groupInterval: '1s', repeatInterval: '1h' })),
  );
  await writeFile(join(folder, 'rules.yaml'), stringify(ruleFile({ scale, runbookBase })));
  await writeFile(
    join(folder, 'prometheus.yml'),
    stringify(
      prometheusConfig({
        targets,
        alertmanager: `127.0.0.1:${alertmanagerPort}`,
        ruleFiles: ['rules.yaml'],
        interval: '1s',
        timeout: '1s',
      }),
    ),
  );

  const processes = [
    start('prometheus-alertmanager', [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
      '--cluster.listen-address=',
    ]),
    start('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
      // Alerts are sent again often, so that their end is noticed soon.
      '--rules.alert.resend-delay=1s',
    ]),
  ];

  function start(command: string, args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(folder, `${command}.log`));
    child.stdout?.pipe(log);
    child.stderr?.pipe(log);
    return child;
  }

  async function query(expr: string): Promise<readonly Sample[]> {
    const response = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
      signal: AbortSignal.timeout(20_000),
    });
    const answer = (await response.json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error ?? response.status}`);
    return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  async function stop(): Promise<void> {
    await Promise.all(
      processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await exited;
      }),
    );
    webhook.close();
  }

  const deadline = performance.now() + 60_000;
  for (;;) {
    const seen = await query('count(up{job="kempt"} == 1)').catch(() => []);
    if (seen[0]?.value === targets.length) return { query, notices, stop };
    if (performance.now() > deadline) {
      await stop();
      throw new Error(`Prometheus did not see all services within a minute; its log is in ${folder}`);
    }
    await sleep(500);
  }
}
