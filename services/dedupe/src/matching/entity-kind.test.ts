import { describe, expect, test } from '@jest/globals';
import { entityKindOfObject } from './entity-kind.ts';

describe('entity kinds', () => {
  test('persons and organisations of both CRMs are matched, other objects are not', () => {
    expect(['Contact', 'Lead', 'contacts'].map(entityKindOfObject)).toEqual(['person', 'person', 'person']);
    expect(['Account', 'companies'].map(entityKindOfObject)).toEqual(['organisation', 'organisation']);
    expect(['Opportunity', 'deals', 'Task'].map(entityKindOfObject)).toEqual([undefined, undefined, undefined]);
  });
});
