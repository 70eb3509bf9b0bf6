const vendorHosts = [/\.salesforce\.com$/, /\.force\.com$/, /^api\.hubapi\.com$/, /^api-eu1\.hubapi\.com$/];

/** Decides where credentials may be sent, so that no request can point the connector at a host inside the network. */
export interface AllowedHosts {
  /** Why the address is refused, with the remedy; null when it is allowed. */
  refusal(address: string): string | null;
}

/**
 * The vendors' own hosts over HTTPS, and those of configuration as `host` or `host:port`, where plain HTTP is allowed too.
 */
export function createAllowedHosts(configured: readonly string[]): AllowedHosts {
  const extra = new Set(configured.map((host) => host.trim().toLowerCase()).filter((host) => host !== ''));
  return {
    refusal(address) {
      const url = URL.canParse(address) ? new URL(address) : null;
      if (url === null || !/^https?:$/.test(url.protocol)) return 'It must be an http or https address.';
      if (url.username !== '' || url.password !== '') return 'It must not hold a user name or password.';
      if (extra.has(url.host) || extra.has(url.hostname)) return null;
      if (!vendorHosts.some((host) => host.test(url.hostname))) {
        return (
          `The host ${url.host} is not one of the vendor's. ` +
          'If it is right, add it to KEMPT_CONNECTOR_ALLOWED_HOSTS.'
        );
      }
      if (url.protocol !== 'https:' || url.port !== '')
        return 'A host of the vendor must be reached over https, on its own port.';
      return null;
    },
  };
}
