import type { GatewayConfig } from '../config.ts';

/** The services behind the gateway, by name, with the paths that each one answers. */
export const upstreamPrefixes = {
  connector: [
    '/v1/connections',
    '/v1/records',
    '/v1/sync-runs',
    '/v1/change-sets',
    '/v1/safety',
    '/v1/completeness',
    '/v1/audit',
  ],
  dedupe: ['/v1/clusters', '/v1/ids', '/v1/match', '/v1/models', '/v1/proposals', '/v1/reviews'],
  'data-quality': ['/v1/data-quality'],
  'integration-audit': ['/v1/integrations', '/v1/access', '/v1/setup-changes', '/v1/findings', '/v1/evidence'],
  metrics: ['/v1/kpis', '/v1/feedback', '/v1/calendar'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type UpstreamName = keyof typeof upstreamPrefixes;

export const upstreamNames = Object.keys(upstreamPrefixes) as UpstreamName[];

const settings = {
  connector: 'connector',
  dedupe: 'dedupe',
  'data-quality': 'dataQuality',
  'integration-audit': 'integrationAudit',
  metrics: 'metrics',
} as const satisfies Readonly<Record<UpstreamName, keyof GatewayConfig['gateway']['upstreams']>>;

/** Where each service of this installation listens. */
export function upstreamUrls(upstreams: GatewayConfig['gateway']['upstreams']): ReadonlyMap<UpstreamName, URL> {
  const urls = new Map<UpstreamName, URL>();
  for (const name of upstreamNames) {
    const url = upstreams[settings[name]];
    if (url !== undefined) urls.set(name, new URL(url));
  }
  return urls;
}

export function isUpstreamName(text: string): text is UpstreamName {
  return Object.hasOwn(upstreamPrefixes, text);
}

/** True when the service answers this path of the public API. */
export function servesPath(name: UpstreamName, path: string): boolean {
  return upstreamPrefixes[name].some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}
