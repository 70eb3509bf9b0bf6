import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasImage } from './cluster.ts';
import { root, shell } from './shell.ts';

/** The commit that the previous release is made from. */
export const previousCommit = '97a7afed051f775a05cb92cd1377270896bd4f06';

/** What that release lacks besides. */
export const lackingPatch = join(root, 'scripts', 'cluster', 'previous-release', 'lacking.patch');

export interface PreviousRelease {
  /** Its checkout: charts, and the page with the commands. */
  readonly folder: string;
  readonly imageTag: string;
  /** Removes the checkout; images stay. */
  remove(): Promise<void>;
}

/** Takes the previous release out of the history and builds those of its images that are not there yet. */
export async function buildPreviousRelease(images: readonly string[]): Promise<PreviousRelease> {
  const folder = await mkdtemp(join(tmpdir(), 'kempt-previous-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await shell('bash', [
      '-c',
      'set -o pipefail; git archive "$0" | tar --extract --directory "$1"',
      previousCommit,
      folder,
    ]);
    const patch = await readFile(lackingPatch, 'utf8');
    // Below a checkout, git would take the paths for those of that checkout and leave them out without a word.
    await shell('git', ['apply', lackingPatch], { folder, environment: { GIT_CEILING_DIRECTORIES: dirname(folder) } });
    const digest = createHash('sha256').update(previousCommit).update(patch).digest('hex');
    const imageTag = `previous-${digest.slice(0, 12)}`;
    const missing: string[] = [];
    for (const image of images) if (!(await hasImage(`kempt/${image}:${imageTag}`))) missing.push(image);
    if (missing.length > 0) {
      const time = await shell('git', ['log', '-1', '--format=%ct', previousCommit]);
      await shell('scripts/build-images', missing, {
        folder,
        environment: { IMAGE_TAG: imageTag, IMAGE_PREFIX: 'kempt/', SOURCE_DATE_EPOCH: time.trim() },
      });
    }
    return { folder, imageTag, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
