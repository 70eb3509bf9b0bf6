import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What the runtime reads from the package that a service's main file belongs to. */
export interface ServicePackage {
  readonly version: string;
  /** `migrations` beside the package.json, where the service has one. */
  readonly migrationsFolder: string | undefined;
}

/**
 * Finds the package of the file that was started, from its source or from its build. The package must bear the name of the
 * service: started from elsewhere (a test, a script) there is nothing to find.
 */
export function findServicePackage(service: string, entry: string | undefined): ServicePackage {
  for (let folder = path.dirname(entry ?? ''); ; folder = path.dirname(folder)) {
    const manifest = readManifest(path.join(folder, 'package.json'));
    if (manifest?.name === `@kempt/${service}`) {
      const migrations = path.join(folder, 'migrations');
      return {
        version: manifest.version ?? '0.0.0',
        migrationsFolder: existsSync(migrations) ? migrations : undefined,
      };
    }
    if (path.dirname(folder) === folder) return { version: '0.0.0', migrationsFolder: undefined };
  }
}

function readManifest(file: string): { readonly name?: string; readonly version?: string } | undefined {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
