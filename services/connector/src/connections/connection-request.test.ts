import { describe, expect, test } from '@jest/globals';
import { type ConnectionRequestBody, parseConnectionRequest } from './connection-request.ts';
import { type DeclaredConnection, parseDeclaredConnections } from './declared-connections.ts';

const salesforce = {
  system: 'salesforce',
  loginUrl: 'https://acme.my.salesforce.com',
  credentials: { grant: 'client-credentials', clientId: 'id', clientSecret: 'topsecret' },
} as const;

const hubspot = { system: 'hubspot', credentials: { grant: 'private-app-token', accessToken: 'topsecret' } } as const;

describe('requests to connect an account', () => {
  test.each<ConnectionRequestBody>([
    salesforce,
    {
      ...salesforce,
      name: 'Sales',
      objects: ['Contact'],
      credentials: { grant: 'jwt-bearer', clientId: 'id', username: 'ann@acme.example', privateKey: 'pem' },
    },
    hubspot,
    { ...hubspot, baseUrl: 'http://127.0.0.1:8080', requestsPerSecond: 100 },
  ])('%j is one', (body) => {
    expect(parseConnectionRequest(body)).toHaveProperty('request');
  });

  test.each<[ConnectionRequestBody, string]>([
    [{ ...salesforce, loginUrl: undefined as never }, '/loginUrl'],
    [{ ...salesforce, loginUrl: 'acme' }, '/loginUrl'],
    [{ ...salesforce, baseUrl: 'https://api.hubapi.com' }, '/baseUrl'],
    [{ ...salesforce, credentials: { grant: 'private-app-token', accessToken: 'topsecret' } }, '/credentials/grant'],
    [{ ...salesforce, credentials: { grant: 'client-credentials', clientId: 'id' } }, '/credentials/clientSecret'],
    [
      { ...salesforce, credentials: { grant: 'client-credentials', clientId: 'id', clientSecret: '' } },
      '/credentials/clientSecret',
    ],
    [
      { ...salesforce, credentials: { ...salesforce.credentials, accessToken: 'topsecret' } },
      '/credentials/accessToken',
    ],
    [{ ...hubspot, credentials: { grant: 'private-app-token' } }, '/credentials/accessToken'],
    [{ ...hubspot, loginUrl: 'https://x.my.salesforce.com' }, '/loginUrl'],
    [{ ...hubspot, requestsPerSecond: 0 }, '/requestsPerSecond'],
  ])('%j is refused, pointing at %s and quoting no secret', (body, pointer) => {
    const parsed = parseConnectionRequest(JSON.parse(JSON.stringify(body)) as ConnectionRequestBody);
    const problems = 'problems' in parsed ? parsed.problems : [];
    expect(problems.map((problem) => problem.pointer)).toContain(pointer);
    expect(JSON.stringify(problems)).not.toContain('topsecret');
  });
});

describe('declared connections', () => {
  test('take their secrets from files', () => {
    const [wanted] = parseDeclaredConnections([
      {
        ...hubspot,
        tenant: 'acme',
        credentials: { grant: 'private-app-token', accessTokenFile: import.meta.filename },
      },
    ] as DeclaredConnection[]);
    expect(wanted?.tenantId).toBe('acme');
    expect(JSON.stringify(wanted?.request.definition.credentials)).toContain('declared connections');
  });

  test.each([
    [
      { ...salesforce, credentials: { grant: 'client-credentials', clientId: 'id' } },
      /connections\[0\]\.credentials\.clientSecret is missing/,
    ],
    [
      { ...hubspot, credentials: { grant: 'private-app-token', accessTokenFile: '/no/such/file' } },
      /connections\[0\]\.credentials\.accessTokenFile: .*ENOENT/,
    ],
    [{ system: 'sugar' }, /connections\[0\]/],
  ])('%j is refused by the name of its key', (declared, message) => {
    const parse = () => parseDeclaredConnections([{ credentials: {}, ...declared }] as unknown as DeclaredConnection[]);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/topsecret/);
  });
});
