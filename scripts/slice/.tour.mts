import { tourConsole } from '/work/main/scripts/slice/console-tour.ts';

await tourConsole({ url: process.argv[2]!, apiKey: process.argv[3]!, picturesFolder: '/tmp/pics', say: console.log });
