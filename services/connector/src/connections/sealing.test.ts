import { describe, expect, test } from '@jest/globals';
import { createConfiguredKeyProvider, InvalidSealingKeyError, UnknownSealingKeyError } from './key-provider.ts';
import { BrokenSealError, createSealer } from './sealing.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const context = { tenantId: 'acme', connectionId: 'c1', field: 'credentials' };
const secret = 'a secret with ünïcode';

describe('sealed secrets', () => {
  const sealer = createSealer(createConfiguredKeyProvider(key(1)));

  test('open where they belong', async () => {
    const sealed = await sealer.seal(context, secret);
    expect(sealed).toMatch(/^v1\.[A-Za-z0-9+/]+=*$/);
    expect(await sealer.open(context, sealed)).toBe(secret);
  });

  test('look different each time and hold nothing of the secret', async () => {
    const [first, second] = await Promise.all([sealer.seal(context, secret), sealer.seal(context, secret)]);
    expect(first).not.toBe(second);
    expect(Buffer.from((first ?? '').slice(3), 'base64').toString('latin1')).not.toContain('secret');
  });

  test.each([
    ['tenant', { ...context, tenantId: 'other' }],
    ['connection', { ...context, connectionId: 'c2' }],
    ['field', { ...context, field: 'token' }],
  ])('stay shut for another %s', async (_what, elsewhere) => {
    const sealed = await sealer.seal(context, secret);
    await expect(sealer.open(elsewhere, sealed)).rejects.toThrow(BrokenSealError);
  });

  test('stay shut when any byte was changed', async () => {
    const sealed = await sealer.seal(context, 'x');
    const bytes = Buffer.from(sealed.slice(3), 'base64');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      await expect(sealer.open(context, `v1.${changed.toString('base64')}`)).rejects.toThrow(BrokenSealError);
    }
  });

  test.each(['', 'v1.', 'v1.AAAA', 'plain text', 'v1.!!!'])('%j is none', async (text) => {
    await expect(sealer.open(context, text)).rejects.toThrow(BrokenSealError);
  });
});

describe('sealing keys', () => {
  test('are replaced by putting a new one in front; what the old one sealed still opens', async () => {
    const before = createSealer(createConfiguredKeyProvider(key(1)));
    const after = createSealer(createConfiguredKeyProvider(`2:${key(2)},1:${key(1)}`));
    const old = await before.seal(context, secret);
    expect(await after.open(context, old)).toBe(secret);
    const renewed = await after.seal(context, secret);
    expect(renewed).toMatch(/^v2\./);
    await expect(before.open(context, renewed)).rejects.toThrow(UnknownSealingKeyError);
  });

  test('of the same version but other bytes open nothing', async () => {
    const sealed = await createSealer(createConfiguredKeyProvider(key(1))).seal(context, secret);
    await expect(createSealer(createConfiguredKeyProvider(key(2))).open(context, sealed)).rejects.toThrow(
      BrokenSealError,
    );
  });

  test.each([
    ['short', /must be 32 bytes in base64/],
    [`x:${key(1)}`, /version of key 1/],
    [`1:${key(1)},1:${key(2)}`, /same version/],
    ['', /must be 32 bytes/],
  ])('%s is refused by name, without its value', (setting, message) => {
    expect(() => createConfiguredKeyProvider(setting)).toThrow(InvalidSealingKeyError);
    expect(() => createConfiguredKeyProvider(setting)).toThrow(message);
    expect(() => createConfiguredKeyProvider(setting)).toThrow(/KEMPT_CONNECTOR_SEALING_KEY/);
    expect(() => createConfiguredKeyProvider(`${key(9)}x,${key(8)}`)).not.toThrow(new RegExp(key(9).slice(0, 20)));
  });
});
