/**
 * Writes the version of the packages, which the changesets decide, wherever else it stands: charts with their dependencies on
 * each other, and the tag of the images in the compose file.
 *
 *     node --conditions=source scripts/release-versions.ts
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = [...globSync('helm/*/Chart.yaml', { cwd: root }).sort(), 'deploy/compose/compose.yaml'];

const { version } = JSON.parse(readFileSync(join(root, 'packages/service-runtime/package.json'), 'utf8')) as {
  readonly version: string;
};
for (const file of files) {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const after = file.endsWith('Chart.yaml') ? chartAt(before) : composeAt(before);
  if (after !== before) writeFileSync(path, after);
}

/** Its own version, that of the application, and those of the charts beside it. */
function chartAt(text: string): string {
  return text
    .replace(/^(version|appVersion):.*$/gm, (_, key: string) => `${key}: ${version}`)
    .replace(
      /(version: *)[^\s,}]+(,?\s+repository: *"?file:)/g,
      (_, key: string, rest: string) => `${key}${version}${rest}`,
    );
}

function composeAt(text: string): string {
  return text.replace(/\$\{IMAGE_TAG:-[^}]*\}/g, () => `\${IMAGE_TAG:-${version}}`);
}
