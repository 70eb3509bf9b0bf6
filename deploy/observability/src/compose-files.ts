/** Services that are scraped, by the name that they have in the compose file and in the label `service`. */
export const serviceNames = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'] as const;

export interface ScrapeTarget {
  readonly service: string;
  /** host:port */
  readonly address: string;
}

export interface PrometheusConfigOptions {
  readonly targets: readonly ScrapeTarget[];
  readonly alertmanager: string;
  readonly ruleFiles: readonly string[];
  /** Prometheus durations. */
  readonly interval: string;
  readonly timeout: string;
}

/** What the rules expect of scraping: job kempt, and the plain name of the service as the label `service`. */
export function prometheusConfig(options: PrometheusConfigOptions): object {
  return {
    global: {
      scrape_interval: options.interval,
      scrape_timeout: options.timeout,
      evaluation_interval: options.interval,
    },
    rule_files: options.ruleFiles,
    alerting: { alertmanagers: [{ static_configs: [{ targets: [options.alertmanager] }] }] },
    scrape_configs: [
      {
        job_name: 'kempt',
        // The services say their name themselves; without this it would be renamed to exported_service.
        honor_labels: true,
        static_configs: options.targets.map(({ service, address }) => ({ targets: [address], labels: { service } })),
      },
    ],
  };
}

export interface AlertmanagerConfigOptions {
  readonly webhookUrl: string;
  readonly groupWait: string;
  readonly groupInterval: string;
  readonly repeatInterval: string;
}

/** Pages and tickets go different ways; a page about a service silences the tickets that follow from it. */
export function alertmanagerConfig(options: AlertmanagerConfigOptions): object {
  return {
    route: {
      receiver: 'tickets',
      group_by: ['alertname', 'service', 'system', 'group', 'slo'],
      group_wait: options.groupWait,
      group_interval: options.groupInterval,
      repeat_interval: options.repeatInterval,
      routes: [{ matchers: ['severity="page"'], receiver: 'pages' }],
    },
    inhibit_rules: [
      {
        source_matchers: ['alertname="KemptServiceDown"'],
        target_matchers: ['severity="ticket"'],
        equal: ['service'],
      },
    ],
    receivers: [
      { name: 'pages', webhook_configs: [{ url: options.webhookUrl, send_resolved: true }] },
      { name: 'tickets', webhook_configs: [{ url: options.webhookUrl, send_resolved: true }] },
    ],
  };
}

export const grafanaDatasources: object = {
  apiVersion: 1,
  datasources: [
    {
      name: 'Prometheus',
      uid: 'prometheus',
      type: 'prometheus',
      access: 'proxy',
      url: 'http://prometheus:9090',
      isDefault: true,
    },
  ],
};

export const grafanaDashboards: object = {
  apiVersion: 1,
  providers: [
    {
      name: 'kempt',
      folder: 'Kempt',
      type: 'file',
      disableDeletion: true,
      options: { path: '/var/lib/grafana/dashboards' },
    },
  ],
};
