import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const { url, questions, rate } = workerData as {
  readonly url: string;
  readonly questions: readonly object[];
  readonly rate: number;
};
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
/** Questions before the measurement: the first ones find cold caches, as after a start. */
const warmUp = 500;

function ask(fields: object): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ entityKind: 'person', fields });
    const call = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
          else resolve((JSON.parse(Buffer.concat(chunks).toString()) as { exists: boolean }).exists);
        });
        answer.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

for (const fields of questions.slice(0, warmUp)) await ask(fields).catch(() => undefined);
const latenciesMs: number[] = [];
let found = 0;
let failures = 0;
const begin = performance.now();
// Each question has its moment, whatever became of those before it; what it waits counts.
const asked = questions.map(async (fields, index) => {
  const due = begin + (index * 1000) / rate;
  await sleep(Math.max(0, due - performance.now()));
  try {
    if (await ask(fields)) found += 1;
    latenciesMs.push(performance.now() - due);
  } catch {
    failures += 1;
  }
});
await Promise.all(asked);
agent.destroy();
parentPort?.postMessage({ latenciesMs, found, failures });
