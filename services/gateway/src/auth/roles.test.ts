import { describe, expect, test } from '@jest/globals';
import { roles } from './api-key.ts';

describe('roles', () => {
  test('each can do what the one before it can, and more', () => {
    const order = [roles.viewer, roles.steward, roles.operator, roles.admin].map((scopes) => new Set<string>(scopes));
    for (const [index, scopes] of order.entries()) {
      const smaller = order[index - 1] ?? new Set<string>();
      expect([...smaller].filter((scope) => !scopes.has(scope))).toEqual([]);
      expect(scopes.size).toBeGreaterThan(smaller.size);
    }
  });

  test('a viewer changes nothing', () => {
    expect(roles.viewer.filter((scope) => !scope.endsWith(':read'))).toEqual([]);
  });

  test('who approves a change does not write it to a CRM, unless they run the installation', () => {
    expect(roles.steward).toContain('changes:approve');
    expect(roles.steward).not.toContain('changes:apply');
  });
});
