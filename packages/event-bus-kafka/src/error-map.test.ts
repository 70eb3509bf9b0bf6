import { describe, expect, test } from '@jest/globals';
import { EventBusError } from '@kempt/event-bus';
import { busError } from './error-map.ts';

function failure(fields: {
  name?: string;
  type?: string;
  code?: string;
  message?: string;
  cause?: unknown;
  errors?: unknown[];
}) {
  return Object.assign(new Error(fields.message ?? 'what the client said'), fields);
}

describe('errors of the client', () => {
  test.each([
    ['a refused login', failure({ name: 'KafkaJSSASLAuthenticationError' }), 'bus-misconfigured', 'user name'],
    ['an untrusted certificate', failure({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'bus-misconfigured', 'authority'],
    ['a missing ACL', failure({ type: 'GROUP_AUTHORIZATION_FAILED' }), 'bus-misconfigured', 'Grant it'],
    ['an unknown topic', failure({ type: 'UNKNOWN_TOPIC_OR_PARTITION' }), 'unknown-topic', 'ensureTopics'],
    ['a record that is too large', failure({ type: 'MESSAGE_TOO_LARGE' }), 'record-too-large', 'claim check'],
    ['a record the broker dislikes', failure({ type: 'INVALID_RECORD' }), 'invalid-record', 'key'],
    ['a running group', failure({ type: 'NON_EMPTY_GROUP' }), 'group-running', 'Stop'],
    ['settings the broker dislikes', failure({ type: 'INVALID_REPLICATION_FACTOR' }), 'bus-misconfigured', 'factor'],
    ['too few replicas', failure({ type: 'NOT_ENOUGH_REPLICAS' }), 'bus-unavailable', 'brokers are down'],
    ['a refused connection', failure({ code: 'ECONNREFUSED' }), 'bus-unavailable', 'address'],
    ['anything else', new TypeError('undefined is not a function'), 'bus-unavailable', 'address'],
  ])('%s has its code and says what to do', (_, cause, code, remedy) => {
    const error = busError('Publishing to topic "t"', cause);
    expect(error).toBeInstanceOf(EventBusError);
    expect(error.code).toBe(code);
    expect(error.retriable).toBe(code === 'bus-unavailable');
    expect(error.message).toMatch(/^Publishing to topic "t" failed: /);
    expect(error.message).toContain(remedy);
    expect(error.message).toContain(cause.message);
    expect(error.cause).toBe(cause);
  });

  test('the cause decides, however deep it lies', () => {
    const inner = failure({ type: 'TOPIC_AUTHORIZATION_FAILED' });
    const nested = failure({ name: 'KafkaJSNumberOfRetriesExceeded', cause: failure({ cause: inner }) });
    expect(busError('x', nested).code).toBe('bus-misconfigured');
    expect(busError('x', failure({ name: 'KafkaJSAggregateError', errors: [failure({}), inner] })).code).toBe(
      'bus-misconfigured',
    );
  });

  test('causes that point at each other end the search', () => {
    const first = failure({});
    Object.assign(first, { cause: failure({ cause: first }) });
    expect(busError('x', first).code).toBe('bus-unavailable');
  });

  test('an error of the bus itself stays as it is', () => {
    const error = new EventBusError('group-running', 'as it was');
    expect(busError('x', error)).toBe(error);
  });
});
