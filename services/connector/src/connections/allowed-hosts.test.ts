import { describe, expect, test } from '@jest/globals';
import { createAllowedHosts } from './allowed-hosts.ts';

describe('hosts that credentials may be sent to', () => {
  const vendors = createAllowedHosts([]);

  test.each([
    'https://acme.my.salesforce.com',
    'https://login.salesforce.com/',
    'https://acme--dev.sandbox.my.salesforce.com',
    'https://acme.my.site.force.com',
    'https://api.hubapi.com',
  ])('%s is one', (address) => {
    expect(vendors.refusal(address)).toBeNull();
  });

  test.each([
    'http://acme.my.salesforce.com',
    'https://salesforce.com.evil.example',
    'https://evilsalesforce.com',
    'https://api.hubapi.com.evil.example',
    'https://acme.my.salesforce.com:8443',
    'https://user:pass@acme.my.salesforce.com',
    'http://169.254.169.254/latest/meta-data',
    'http://localhost:5432',
    'http://[::1]/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'acme',
    '',
  ])('%s is none', (address) => {
    expect(vendors.refusal(address)).not.toBeNull();
  });

  test('configured hosts are, also over plain HTTP, with any port or just the one that was given', () => {
    const hosts = createAllowedHosts(['127.0.0.1', 'proxy.internal:8443', ' ']);
    expect(hosts.refusal('http://127.0.0.1:40001')).toBeNull();
    expect(hosts.refusal('http://proxy.internal:8443/x')).toBeNull();
    expect(hosts.refusal('http://proxy.internal:9000')).toContain('KEMPT_CONNECTOR_ALLOWED_HOSTS');
    expect(hosts.refusal('http://user:pass@127.0.0.1')).not.toBeNull();
  });
});
