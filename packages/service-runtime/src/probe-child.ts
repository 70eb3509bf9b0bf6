import { Type } from 'typebox';
import { runService } from './run-service.ts';

/**
 * The smallest service, for tests of how a service is hosted. `PROBE_FAULT` makes one of its components fail: `start`
 * rejects, `stop` never ends, or an error is thrown where nobody catches it: soon, or while `start` goes on for ever.
 */
await runService({
  name: 'probe',
  build: ({ http, logger }) => {
    const fault = process.env.PROBE_FAULT;
    http.get(
      '/v1/probe',
      { config: { scope: 'records:read' }, schema: { response: { 200: Type.Object({ pid: Type.Integer() }) } } },
      async () => ({ pid: process.pid }),
    );
    return [
      {
        name: 'probe-component',
        start: async () => {
          if (fault === 'start') throw new Error('the probe is broken');
          if (fault?.startsWith('uncaught')) setTimeout(() => Promise.reject(new Error('nobody caught this')), 100);
          logger.info('probe started');
          if (fault === 'uncaught-at-start') await new Promise(() => undefined);
        },
        stop: async () => {
          logger.info('probe stopping');
          if (fault === 'stop') await new Promise(() => undefined);
        },
      },
    ];
  },
});
