import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type Environment, loadServiceConfig } from '@kempt/service-runtime';
import type { GatewayConfig } from './config.ts';
import { gatewayDefinition } from './definition.ts';
import { upstreamUrls } from './upstreams/upstream-table.ts';

const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const required: Environment = { KEMPT_DATABASE_URL: 'postgres://db/kempt', KEMPT_GATEWAY_SIGNING_KEY: signingKey };

function load(environment: Environment): GatewayConfig {
  return loadServiceConfig(gatewayDefinition, { ...required, ...environment });
}

test('each service has an address of its own', () => {
  const { gateway } = load({
    KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: 'http://127.0.0.1:4001',
    KEMPT_GATEWAY_UPSTREAMS_DATA_QUALITY: 'http://kempt-data-quality:8080/',
  });
  expect([...upstreamUrls(gateway.upstreams)].map(([name, url]) => [name, url.origin])).toEqual([
    ['connector', 'http://127.0.0.1:4001'],
    ['data-quality', 'http://kempt-data-quality:8080'],
  ]);
});

test('a key that is none is refused without being shown', () => {
  const environment = { KEMPT_GATEWAY_SIGNING_KEY: 'hunter2', KEMPT_GATEWAY_BOOTSTRAP_API_KEY: 'hunter3' };
  expect(() => load(environment)).toThrow(
    /KEMPT_GATEWAY_SIGNING_KEY: found something else; expected an Ed25519 private key[^]*KEMPT_GATEWAY_BOOTSTRAP_API_KEY/,
  );
  expect(() => load(environment)).not.toThrow(/hunter/);
});

test.each(['connector:8080', 'ftp://connector', 'http://connector/base'])('an address such as %s is refused', (url) => {
  expect(() => load({ KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: url })).toThrow(/KEMPT_GATEWAY_UPSTREAMS_CONNECTOR: found/);
});
