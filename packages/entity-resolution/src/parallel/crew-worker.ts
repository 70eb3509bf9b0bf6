import module from 'node:module';
import { workerData } from 'node:worker_threads';
import type { WorkerStart } from './orders.ts';

// A thread does not take over by itself where the process keeps what it has compiled, and compiling takes longer than all else of its start.
const { compileCache } = workerData as WorkerStart;
if (compileCache !== undefined) module.enableCompileCache?.(compileCache);
await import('./crew-thread.ts');
