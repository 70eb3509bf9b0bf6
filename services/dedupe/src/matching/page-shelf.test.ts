import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPageShelf } from './page-shelf.ts';

const command = fc.oneof(
  fc.record({ put: fc.nat(40), length: fc.oneof(fc.nat(30), fc.nat(2_000)), fill: fc.nat(255) }),
  fc.record({ drop: fc.nat(60) }),
  fc.record({ clear: fc.constant(true) }),
);

function run(shelf: ReturnType<typeof createPageShelf>, commands: readonly object[]): Map<number, Buffer> {
  const model = new Map<number, Buffer>();
  for (const step of commands as { put?: number; length?: number; fill?: number; drop?: number }[]) {
    if (step.put !== undefined) {
      const bytes = Buffer.alloc(step.length ?? 0, step.fill);
      shelf.put(step.put, bytes);
      model.set(step.put, bytes);
    } else if (step.drop !== undefined) {
      shelf.drop(step.drop);
      model.delete(step.drop);
    } else {
      shelf.clear();
      model.clear();
    }
  }
  return model;
}

test('a shelf with room for all pages gives each back as it was put last', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 80, size: 'max' }), (commands) => {
      const shelf = createPageShelf(1_000_000);
      const model = run(shelf, commands);
      for (let page = 0; page <= 60; page += 1) expect(shelf.get(page)).toEqual(model.get(page));
      expect(shelf.pages).toBe(model.size);
      expect(shelf.blocks).toBe([...model.values()].reduce((sum, { length }) => sum + Math.ceil(length / 80), 0));
    }),
  );
});

test('a shelf that is full gives pages up, and what it still has is right', () => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 80, size: 'max' }),
      fc.integer({ min: 1, max: 60 }),
      (commands, blocksMax) => {
        const shelf = createPageShelf(blocksMax);
        const model = run(shelf, commands);
        expect(shelf.blocks).toBeLessThanOrEqual(blocksMax);
        for (let page = 0; page <= 60; page += 1) {
          const kept = shelf.get(page);
          if (kept !== undefined) expect(kept).toEqual(model.get(page));
        }
      },
    ),
  );
});

test('a page larger than all of the room is not kept, and not in an earlier form either', () => {
  const shelf = createPageShelf(2);
  shelf.put(1, Buffer.alloc(100));
  shelf.put(1, Buffer.alloc(161));
  expect(shelf.get(1)).toBeUndefined();
  shelf.put(1, Buffer.alloc(160, 7));
  expect(shelf.get(1)).toEqual(Buffer.alloc(160, 7));
});
