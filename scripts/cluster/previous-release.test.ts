import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { lackingPatch, previousCommit } from './previous-release.ts';
import { root, shell } from './shell.ts';

const git = (args: readonly string[], environment = {}): Promise<string> => shell('git', args, { environment });

const isKnown = await git(['cat-file', '-e', `${previousCommit}^{commit}`]).then(
  () => true,
  () => false,
);

if (!isKnown) {
  const file = process.env['KEMPT_SKIPPED_SUITES_FILE'];
  const line = `skipped: the previous release because this clone lacks its commit ${previousCommit}; git fetch --unshallow brings it`;
  if (file) await appendFile(file, `${line}\n`);
}

(isKnown ? describe : describe.skip)('the previous release', () => {
  test('lacks a column, a field of an event and a route of today', async () => {
    // An index of its own: the patch is held against the commit, whatever lies in the checkout.
    const folder = await mkdtemp(join(tmpdir(), 'kempt-index-'));
    try {
      const index = { GIT_INDEX_FILE: join(folder, 'index') };
      await git(['read-tree', previousCommit], index);
      await git(['apply', '--cached', lackingPatch], index);
      const migrations = await git(['ls-files', 'services/connector/migrations'], index);
      expect(migrations).not.toContain('sync-age');
      expect(await git(['show', ':proto/kempt/connector/v1/record.proto'], index)).not.toContain('changed_fields');
      expect(await git(['show', ':services/gateway/src/upstreams/upstream-table.ts'], index)).not.toContain(
        'setup-changes',
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const today = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
    expect(await today('services/connector/migrations/0050_sync-age.sql')).toContain('succeeded_at');
    expect(await today('proto/kempt/connector/v1/record.proto')).toContain('changed_fields = 8');
    expect(await today('services/gateway/src/upstreams/upstream-table.ts')).toContain('/v1/setup-changes');
  });

  test('has migrations that are part of this one as they were, with new ones only after them', async () => {
    const folders = ['services/*/migrations', 'packages/*/migrations'];
    const changes = await git(['diff', '--name-status', '--no-renames', previousCommit, '--', ...folders]);
    expect(changes.split('\n').filter((line) => line !== '' && !line.startsWith('A\t'))).toEqual([]);

    const list = await git(['ls-tree', '-r', '--name-only', previousCommit]);
    const released = list.split('\n').filter((path) => /^(services|packages)\/[^/]+\/migrations\//.test(path));
    const added = changes.split('\n').flatMap((line) => (line.startsWith('A\t') ? [line.slice(2)] : []));
    const between = added.filter((path) =>
      released.some((other) => other.startsWith(path.slice(0, path.lastIndexOf('/') + 1)) && other > path),
    );
    expect(between).toEqual([]);
  });
});
