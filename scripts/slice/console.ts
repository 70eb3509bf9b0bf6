import { tourConsole } from './console-tour.ts';
import type { Deployment } from './deployment.ts';
import { awaitFirstSync } from './settled.ts';

const firstSyncMs = 600_000;

export interface ConsoleRunOptions {
  readonly start: () => Promise<Deployment>;
  /** Where pictures of the pages go; without it none are taken. */
  readonly picturesFolder?: string | undefined;
}

/** Uses the console in a real browser against a whole Kempt with the default load. @returns one line of what was done */
export async function runConsole({ start, picturesFolder }: ConsoleRunOptions): Promise<string> {
  const deployment = await start();
  const done: string[] = [];
  try {
    await awaitFirstSync(deployment, firstSyncMs);
    await tourConsole({
      url: deployment.apiUrl,
      apiKey: deployment.apiKey,
      picturesFolder,
      say: (line) => {
        console.log(line);
        done.push(line);
      },
    });
    return `${done.length} tasks done in a browser`;
  } finally {
    await deployment.stop();
  }
}
