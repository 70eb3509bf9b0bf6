import { describe, expect, test } from '@jest/globals';
import { requestHeadersFrom, responseHeadersFrom } from './proxy-headers.ts';

describe('towards a service', () => {
  test('content, conditions and preferences go on', () => {
    const headers = {
      accept: 'application/json',
      'content-type': 'text/csv',
      'if-match': '"1"',
      'idempotency-key': 'a',
    };
    expect(requestHeadersFrom(headers)).toEqual(headers);
  });

  test('credentials, identities, routes and what belongs to one connection stay outside', () => {
    expect(
      requestHeadersFrom({
        authorization: 'Bearer kempt_live_x_y',
        cookie: 'session=1',
        'proxy-authorization': 'Basic x',
        host: 'evil.example',
        forwarded: 'for=1.2.3.4',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'evil.example',
        'x-tenant': 'other',
        'x-kempt-tenant': 'other',
        connection: 'keep-alive, x-private',
        'keep-alive': 'timeout=5',
        'transfer-encoding': 'chunked',
        te: 'trailers',
        trailer: 'x-checksum',
        upgrade: 'websocket',
        expect: '100-continue',
        'x-private': '1',
        traceparent: 'forged',
      }),
    ).toEqual({});
  });

  test('a header that Connection names is for that connection only', () => {
    expect(requestHeadersFrom({ connection: 'close, Accept', accept: 'text/csv' })).toEqual({});
  });
});

describe('towards the client', () => {
  const url = new URL('http://connector.internal:8080');

  test('what describes the answer goes on', () => {
    const headers = {
      'content-type': 'application/json',
      etag: '"2"',
      link: '</v1/records?cursor=a>; rel="next"',
      'retry-after': '3',
    };
    expect(responseHeadersFrom(headers, url)).toEqual(headers);
  });

  test("what belongs to one connection, tells of the inside or is the gateway's to say stays inside", () => {
    expect(
      responseHeadersFrom(
        {
          connection: 'keep-alive, x-internal',
          'keep-alive': 'timeout=72',
          'transfer-encoding': 'chunked',
          server: 'connector',
          'set-cookie': ['a=b'],
          'www-authenticate': 'Bearer',
          'x-request-id': '1',
          'x-internal': '1',
          'content-security-policy': 'none',
        },
        url,
      ),
    ).toEqual({});
  });

  test('the address of a service is taken out of Location', () => {
    const locationOf = (location: string): unknown => responseHeadersFrom({ location }, url).location;
    expect(locationOf('http://connector.internal:8080/v1/connections/1')).toBe('/v1/connections/1');
    expect(locationOf('/v1/connections/1')).toBe('/v1/connections/1');
    expect(locationOf('https://login.example/authorize')).toBe('https://login.example/authorize');
  });
});
