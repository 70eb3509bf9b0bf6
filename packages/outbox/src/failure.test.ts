import { describe, expect, test } from '@jest/globals';
import { DatabaseError } from '@kempt/postgres';
import { classifyFailure, describeFailure, redactMessage, shorten, stageOf } from './failure.ts';

const database = (code: 'invalid-value' | 'unique-violation' | 'statement-timeout'): DatabaseError =>
  new DatabaseError('x', { code, retriable: false });

describe('classification without a word from the service', () => {
  test.each([
    ['an error that says so', Object.assign(new Error('x'), { retriable: false }), 'permanent'],
    ['content that cannot be parsed', new SyntaxError('x'), 'permanent'],
    ['a value that Postgres cannot hold', database('invalid-value'), 'permanent'],
    ['a value that Postgres cannot hold, wrapped', new Error('x', { cause: database('invalid-value') }), 'permanent'],
    ['a constraint, which another event may satisfy', database('unique-violation'), 'transient-record'],
    ['a timeout of the database', database('statement-timeout'), 'transient-record'],
    ['an error that may pass', Object.assign(new Error('x'), { retriable: true }), 'transient-record'],
    ['an error that says nothing', new TypeError('x'), 'transient-record'],
    ['something that is no error', undefined, 'transient-record'],
  ] as const)('%s', (_, error, kind) => {
    expect(classifyFailure(error)).toBe(kind);
  });
});

describe('what is kept of an error', () => {
  test('the causes are told, personal data and what a parser quotes are not', () => {
    const cause = new SyntaxError(`Unexpected token 'J', "Jane D"... is not valid JSON`);
    const error = new Error('Call +1 415 555 0100 or jane@example.com', { cause });
    expect(redactMessage(error)).toBe(
      'Call [redacted-phone] or [redacted-email]: Unexpected token "...", "..."... is not valid JSON',
    );
  });

  test('whatever is thrown has a message', () => {
    expect(redactMessage('plain')).toBe('plain');
    expect(redactMessage({ secret: 1 })).toBe('A object was thrown');
    expect(redactMessage(undefined)).toBe('A undefined was thrown');
  });

  test('class, code and code locations are kept, the message is not repeated among them', () => {
    const error = Object.assign(new RangeError('first\nsecond'), { code: 'too-far' });
    const failure = describeFailure(error, { reason: 'permanent', stage: 'handle' });
    expect(failure).toMatchObject({
      reason: 'permanent',
      stage: 'handle',
      errorClass: 'RangeError',
      errorCode: 'too-far',
    });
    expect(failure.trace).toMatch(/^at .*failure\.test\.ts/);
    expect(failure.trace).not.toContain('second');
  });

  test('a text is cut between characters and has no NUL', () => {
    expect(shorten('a\0b', 10)).toBe('a\u2400b');
    expect(shorten('ab😀cd', 8)).toBe('ab😀cd');
    expect(shorten('ab😀cd', 7)).toBe('ab…');
  });

  test('content that cannot be read is a matter of decoding', () => {
    expect(stageOf(new SyntaxError('x'))).toBe('decode');
    expect(stageOf(Object.assign(new Error('x'), { name: 'MalformedEventError' }))).toBe('decode');
    expect(stageOf(new Error('x'))).toBe('handle');
  });
});
