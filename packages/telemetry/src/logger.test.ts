import { expect, test } from '@jest/globals';
import { addLogFields, withLogFields } from './log-context.ts';
import { createLogger, type Logger } from './logger.ts';

function capture(level: 'debug' | 'info' = 'info'): {
  readonly logger: Logger;
  lines(): Record<string, unknown>[];
  text(): string;
} {
  const written: string[] = [];
  const logger = createLogger({
    service: 'dedupe',
    level,
    destination: { write: (line: string) => void written.push(line) },
  });
  return {
    logger,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test('a line is JSON with the level as a word, ISO time and the service', () => {
  const { logger, lines } = capture();
  logger.info({ count: 3 }, 'records read');
  logger.debug('not this');
  expect(lines()).toHaveLength(1);
  expect(lines()[0]).toMatchObject({ level: 'info', service: 'dedupe', count: 3, msg: 'records read' });
  expect(lines()[0]?.time).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
});

test('no canary reaches a line, whichever road it takes', () => {
  const { logger, lines, text } = capture('debug');
  const secret = 'canary-secret-value';
  const email = 'canary.person@mail.example.org';
  const phone = '+49 30 5550 12345';
  const error = Object.assign(new Error(`no such user ${email}`, { cause: new Error(`call ${phone}`) }), {
    code: 'refused',
    response: { body: secret, headers: { authorization: secret } },
  });
  logger.info({ password: secret, nested: { apiKey: secret } }, 'fields');
  logger.info({ fields: { Email: email, Description: secret } }, 'record');
  logger.info(`message with ${email} and ${phone}`);
  logger.info('message with %s', email);
  logger.error(error);
  logger.error({ err: error }, 'failed');
  logger.error({ problem: error }, 'failed');
  logger.child({ token: secret, email }).child({ refreshToken: secret }).info('child');
  logger.info({ list: [{ phone }], text: `Bearer ${secret}` }, 'list');
  expect(text()).not.toContain(secret);
  expect(text()).not.toContain(email);
  expect(text()).not.toContain(phone);
  expect(lines()).toHaveLength(9);
});

test('an error keeps its code, its message and its stack', () => {
  const { logger, lines } = capture();
  logger.error({ err: Object.assign(new Error('disk full'), { code: 'disk-full', retriable: true }) }, 'failed');
  expect(lines()[0]?.err).toMatchObject({ message: 'disk full', code: 'disk-full', retriable: true });
  expect(lines()[0]).toHaveProperty('err.stack', expect.stringContaining('logger.test.ts'));
});

test('lines of one piece of work say whose it is, however deep, and what is added in the middle of it', async () => {
  const lines: string[] = [];
  const logger = createLogger({ service: 'test', destination: { write: (line: string) => void lines.push(line) } });
  await withLogFields({ tenant: 'acme' }, async () => {
    logger.info('first');
    await Promise.resolve();
    addLogFields({ run_id: '7' });
    logger.child({ part: 'deep' }).info('second');
    await withLogFields({ tenant: 'other' }, async () => logger.info('third'));
  });
  logger.info('outside');
  addLogFields({ run_id: 'nowhere' });
  const said = lines.map((line) => {
    const { tenant, run_id: runId } = JSON.parse(line) as { tenant?: string; run_id?: string };
    return [tenant, runId];
  });
  expect(said).toEqual([
    ['acme', undefined],
    ['acme', '7'],
    ['other', '7'],
    [undefined, undefined],
  ]);
});
