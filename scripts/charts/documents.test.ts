import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type KubernetesObject, parseObjects } from './kubernetes-object.ts';
import { createResourceCheck } from './resource-schemas.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const check = createResourceCheck('1.34');

describe('what stands beside the charts', () => {
  test.each(['kafka.yaml', 'topics.yaml', 'users.yaml'])('deploy/kafka/%s is what Strimzi takes', (file) => {
    const objects: readonly KubernetesObject[] = parseObjects(read(`deploy/kafka/${file}`));
    expect(objects.length).toBeGreaterThan(0);
    expect(check(objects)).toEqual([]);
  });

  test('an installation takes at most ten commands, each on one line', () => {
    const [, part = ''] =
      /<!-- ten-commands:begin -->([\s\S]*)<!-- ten-commands:end -->/.exec(read('helm/platform/README.md')) ?? [];
    const commands = [...part.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text.trim());
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.length).toBeLessThanOrEqual(10);
    for (const command of commands) expect(command).not.toContain('\n');
  });

  test('every file of values that the page names is there', () => {
    for (const [, file = ''] of read('helm/platform/README.md').matchAll(/\]\((ci\/[a-z-]+\.yaml)\)/g)) {
      expect(read(`helm/platform/${file}`)).not.toBe('');
    }
  });
});
