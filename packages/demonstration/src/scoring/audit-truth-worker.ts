/** Works out the truth about users, integrations and setup changes in a worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { auditTruth } from '@kempt/crm-simulators/truth';

parentPort?.postMessage(auditTruth({ seed: (workerData as { readonly seed: string }).seed }));
