import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brokerAnswers } from './broker-probe.ts';
import { cachedFolder } from './cached-folder.ts';
import { freePorts } from './free-ports.ts';
import { kafkaJars, kafkaVersion } from './kafka-jars.ts';
import { createServerCertificate, readCertificate, secureProperties, testUsers } from './secure-listeners.ts';
import type { BrokerControl, OwnTestKafka, SecureListeners } from './test-kafka.ts';

const run = promisify(execFile);
const java = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin', 'java') : 'java';
const startTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;
const attempts = 3;

export interface JavaKafkaOptions {
  /** Also listens by SASL and TLS, and refuses whatever no ACL allows to a user who logged in. */
  readonly secure?: boolean;
}

/**
 * A real Kafka broker (KRaft, one node) as a child process, with its data in a temporary folder. It dies with this
 * process, however that ends. Throws an error with the reason when this machine cannot run one.
 */
export async function startJavaKafka(options: JavaKafkaOptions = {}): Promise<OwnTestKafka> {
  await checkJava();
  const jars = await kafkaJars();
  for (let attempt = 1; ; attempt += 1) {
    // A free port can be taken by somebody else before the broker binds it; then others are tried.
    const server = await prepareServer(jars, options);
    try {
      await server.start();
      return server.kafka;
    } catch (error) {
      await server.kafka.stop();
      if (attempt === attempts || !String(error).includes('Address already in use')) throw error;
    }
  }
}

async function checkJava(): Promise<void> {
  try {
    const { stderr } = await run(java, ['-version']);
    const major = Number.parseInt(/version "(\d+)/.exec(stderr)?.[1] ?? '0', 10);
    if (major < 17) throw new Error(`Java ${major} is too old for a Kafka broker; 17 or newer is needed`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('there is no Java on this machine');
    throw error;
  }
}

interface Server {
  start(): Promise<void>;
  readonly kafka: OwnTestKafka;
}

async function prepareServer(jars: string, { secure = false }: JavaKafkaOptions): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'kempt-kafka-'));
  const [plain = 0, controller = 0, sasl = 0, tls = 0, saslTls = 0] = await freePorts(5);
  const configFile = join(folder, 'server.properties');
  const logFile = join(folder, 'broker.log');
  const brokers = [`127.0.0.1:${plain}`];
  const listeners = [`PLAINTEXT://127.0.0.1:${plain}`];
  let settings: readonly string[] = [];
  let secureListeners: SecureListeners | undefined;
  await cp(await formattedStorage(jars, secure), folder, { recursive: true });
  if (secure) {
    // The certificate names "localhost", so clients must connect by that name.
    listeners.push(`SASL_PLAINTEXT://localhost:${sasl}`, `SSL://localhost:${tls}`, `SASL_SSL://localhost:${saslTls}`);
    settings = secureProperties(folder);
    secureListeners = {
      sasl: [`localhost:${sasl}`],
      tls: [`localhost:${tls}`],
      saslTls: [`localhost:${saslTls}`],
      certificateAuthority: await readCertificate(folder),
      users: testUsers,
    };
  }
  const properties = [...serverProperties({ folder, listeners, controller }), ...settings];
  await writeFile(configFile, `${properties.join('\n')}\n`);
  let broker: ChildProcess | undefined;
  let guard: ChildProcess | undefined;

  async function launch(): Promise<void> {
    const log = openSync(logFile, 'a');
    broker = spawn(java, [...javaOptions(jars), 'kafka.Kafka', configFile], { stdio: ['ignore', log, log] });
    closeSync(log);
    guard = startGuard(broker, folder);
    const ended = once(broker, 'exit').then(async () => {
      throw new Error(`the broker ended while starting: ${await lastLines(logFile)}`);
    });
    ended.catch(() => {});
    await Promise.race([ended, brokerAnswers(brokers, startTimeoutMs)]);
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = broker;
    broker = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      const overdue = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      child.kill(signal);
      await exited;
      clearTimeout(overdue);
    }
    guard?.kill('SIGKILL');
    guard = undefined;
  }

  const control: BrokerControl = {
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      await launch();
    },
    async freeze() {
      broker?.kill('SIGSTOP');
    },
    async thaw() {
      broker?.kill('SIGCONT');
    },
  };

  return {
    start: launch,
    kafka: {
      available: true,
      origin: 'java',
      brokers,
      ...(secureListeners ? { secure: secureListeners } : {}),
      control,
      async stop() {
        // Nobody reads the data again, so there is nothing that an orderly shutdown would be good for.
        await end('SIGKILL');
        await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      },
    },
  };
}

/** C1 alone starts a broker with half the processor time, and no test gains from what C2 would find out later. */
function javaOptions(jars: string): string[] {
  return [
    '-Xmx512m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    join(jars, '*'),
  ];
}

/**
 * A folder with an empty log that is ready for a broker, and its certificate and users if it is a secure one. Made once,
 * since it takes one or three more Java processes.
 */
function formattedStorage(jars: string, secure: boolean): Promise<string> {
  return cachedFolder(join('kafka', `${kafkaVersion}-${secure ? 'secure' : 'plain'}`), async (folder) => {
    const configFile = join(folder, 'server.properties');
    const listeners = ['PLAINTEXT://127.0.0.1:1'];
    await writeFile(configFile, `${serverProperties({ folder, listeners, controller: 2 }).join('\n')}\n`);
    if (secure) await createServerCertificate(folder);
    const scram = testUsers.flatMap(({ username, password }) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${username},password=${password}]`,
      ]),
    );
    const clusterId = randomBytes(16).toString('base64url');
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configFile, ...(secure ? scram : [])];
    await run(java, [...javaOptions(jars), ...format], { timeout: startTimeoutMs });
  });
}

interface ServerOptions {
  readonly folder: string;
  readonly listeners: readonly string[];
  readonly controller: number;
}

/** One node with small internal topics and no waiting for other members, so that tests are quick. */
function serverProperties({ folder, listeners, controller }: ServerOptions): string[] {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    `listeners=${[...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(',')}`,
    `advertised.listeners=${listeners.join(',')}`,
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL',
    `log.dirs=${join(folder, 'data')}`,
    'auto.create.topics.enable=false',
    'offsets.topic.num.partitions=3',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=1000',
    // A killed broker may come back only when its former session has ended.
    'broker.session.timeout.ms=1500',
    'broker.heartbeat.interval.ms=300',
    'num.network.threads=2',
    'num.io.threads=4',
    'log.cleaner.backoff.ms=200',
    'log.cleaner.dedupe.buffer.size=8388608',
    'log.retention.check.interval.ms=500',
    'log.initial.task.delay.ms=500',
  ];
}

/**
 * Kills the broker and removes its data when this process is gone: its standard input is a pipe from here, which closes
 * then whatever the reason was.
 */
function startGuard(broker: ChildProcess, folder: string): ChildProcess {
  const script = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"';
  const guard = spawn('sh', ['-c', script, 'guard', String(broker.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void } | null)?.unref();
  return guard;
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-12).join('\n');
}
