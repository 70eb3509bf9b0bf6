import { type DashboardSource, query } from '../panel.ts';

export const runtime: DashboardSource = {
  uid: 'kempt-runtime',
  title: 'Kempt: runtime',
  description: 'Have the processes what they need: time, memory, connections?',
  rows: [
    {
      title: 'Processes',
      panels: [
        {
          title: 'Instances',
          description: 'Instances of each service that answer.',
          unit: 'short',
          kind: 'stat',
          queries: [
            query('sum by (service) (up{job="kempt"})', '{{service}}', {
              stimulus: 'killed-service',
              of: { service: 'dedupe' },
              before: [1, 1],
              after: { to: [0, 0] },
            }),
          ],
        },
        {
          title: 'Running since',
          description: 'Start of the oldest instance of each service.',
          unit: 'dateTimeFromNow',
          kind: 'stat',
          queries: [
            query('1000 * min by (service) (process_start_time_seconds{job="kempt"})', '{{service}}', {
              stimulus: 'killed-service',
              of: { service: 'dedupe' },
              before: 'any',
              after: { plus: [1, 10_000_000] },
            }),
          ],
        },
        {
          title: 'Components that are not ready',
          description: 'Parts that cannot do their work now; /readyz of the service says why.',
          unit: 'short',
          kind: 'lines',
          thresholds: { warning: 1, bad: 1 },
          queries: [
            query('count by (service) (kempt_component_ready == 0)', '{{service}}', {
              stimulus: 'failing-bus',
              of: { service: 'metrics' },
              before: 'absent',
              after: { to: [1, 5] },
            }),
          ],
        },
        {
          title: 'CPU',
          description: 'Seconds of CPU a second, of all instances of a service.',
          unit: 's',
          kind: 'lines',
          queries: [
            query('sum by (service) (rate(process_cpu_seconds_total{job="kempt"}[$__rate_interval]))', '{{service}}', {
              stimulus: 'busy-service',
              of: { service: 'gateway' },
              before: 'any',
              after: { plus: [0.05, 2] },
            }),
          ],
        },
        {
          title: 'Event loop, 99 %',
          description: 'Delay of the event loop between two scrapes, the sampling interval of 100 ms included.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 0.2, bad: 0.6 },
          queries: [
            query('max by (service) (nodejs_eventloop_lag_p99_seconds{job="kempt"})', '{{service}}', {
              stimulus: 'busy-service',
              of: { service: 'gateway' },
              before: 'any',
              after: { plus: [0.02, 60] },
            }),
          ],
        },
        {
          title: 'Garbage collection',
          description: 'Seconds a second that go into collecting garbage.',
          unit: 's',
          kind: 'lines',
          queries: [
            query(
              'sum by (service) (rate(nodejs_gc_duration_seconds_sum{job="kempt"}[$__rate_interval]))',
              '{{service}}',
              {
                stimulus: 'busy-service',
                of: { service: 'gateway' },
                before: 'any',
                after: { plus: [0.0005, 2] },
              },
            ),
          ],
        },
      ],
    },
    {
      title: 'Memory and connections',
      panels: [
        {
          title: 'Resident memory',
          description: 'Memory of the largest instance of a service. A line that rises for days is a leak.',
          unit: 'bytes',
          kind: 'lines',
          queries: [
            query('max by (service) (process_resident_memory_bytes{job="kempt"})', '{{service}}', {
              stimulus: 'busy-service',
              of: { service: 'gateway' },
              before: 'any',
              after: { plus: [200_000, 2_000_000_000] },
            }),
          ],
        },
        {
          title: 'Heap in use',
          description: 'JavaScript heap in use in the largest instance of a service.',
          unit: 'bytes',
          kind: 'lines',
          queries: [
            query('max by (service) (nodejs_heap_size_used_bytes{job="kempt"})', '{{service}}', {
              stimulus: 'busy-service',
              of: { service: 'gateway' },
              before: 'any',
              after: { plus: [200_000, 2_000_000_000] },
            }),
          ],
        },
        {
          title: 'Connections to Postgres',
          description: 'Connections for transactions in use, idle, and transactions that wait for one.',
          unit: 'short',
          kind: 'stacked',
          queries: [
            query('sum by (service, state) (kempt_database_connections)', '{{service}} {{state}}', {
              stimulus: 'connection-shortage',
              of: { service: 'dedupe', state: 'in-use' },
              before: [0, 3],
              after: { to: [4, 20] },
            }),
          ],
        },
        {
          title: 'Open files and sockets',
          description: 'File descriptors of the largest instance of a service.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('max by (service) (process_open_fds{job="kempt"})', '{{service}}', {
              stimulus: 'connection-shortage',
              of: { service: 'gateway' },
              before: 'any',
              after: { plus: [4, 80] },
            }),
          ],
        },
      ],
    },
    {
      title: 'HTTP',
      panels: [
        {
          title: 'Requests by service',
          description: 'Requests a second that each service answered, probes and scrapes left out.',
          unit: 'reqps',
          kind: 'lines',
          queries: [
            query(
              'sum by (service) (rate(kempt_http_request_duration_seconds_count{route=~"/v1/.*"}[$__rate_interval]))',
              '{{service}}',
              { stimulus: 'requests', of: { service: 'dedupe' }, before: 'any', after: { plus: [6, 14] } },
            ),
          ],
        },
        {
          title: 'Duration of requests, 99 %',
          description: 'How long 99 % of the requests took at most, open event streams left out.',
          unit: 's',
          kind: 'lines',
          thresholds: { warning: 0.3, bad: 1 },
          queries: [
            query(
              'histogram_quantile(0.99, sum by (le, service) (rate(kempt_http_request_duration_seconds_bucket{route=~"/v1/.*",route!="/v1/events"}[$__rate_interval])))',
              '{{service}}',
              { stimulus: 'slow-answers', of: { service: 'gateway' }, before: 'any', after: { plus: [0.2, 30] } },
            ),
          ],
        },
        {
          title: 'Upstreams of the gateway, 95 %',
          description: 'Time until a service began to answer the gateway, retries and waiting included.',
          unit: 's',
          kind: 'lines',
          queries: [
            query(
              'histogram_quantile(0.95, sum by (le, upstream) (rate(kempt_gateway_upstream_duration_seconds_bucket[$__rate_interval])))',
              '{{upstream}}',
              { stimulus: 'slow-answers', of: { upstream: 'dedupe' }, before: 'any', after: { plus: [0.2, 30] } },
            ),
          ],
        },
        {
          title: 'Requests by what became of their key',
          description: 'Requests a second to the gateway: ok, or why the key was not accepted.',
          unit: 'reqps',
          kind: 'stacked',
          queries: [
            query('sum by (outcome) (rate(kempt_gateway_authentications_total[$__rate_interval]))', '{{outcome}}', {
              stimulus: 'wrong-keys',
              of: { outcome: 'unknown' },
              before: 'absent',
              after: { to: [3, 12] },
            }),
          ],
        },
        {
          title: 'Samples scraped',
          description: 'Series that a scrape of all instances gives. It must not grow with the number of customers.',
          unit: 'short',
          kind: 'lines',
          queries: [
            query('sum(scrape_samples_scraped{job="kempt"})', 'samples', {
              stimulus: 'killed-service',
              before: [500, 6_000],
              after: { plus: [-1_000, -50] },
            }),
          ],
        },
      ],
    },
  ],
};
