import { parse } from 'tldts';
import { freeMailDomains, sharedHosts } from './data/mail-domains.ts';
import { remembered } from './remembered.ts';
import { cleanText, isMissing } from './text.ts';

/** The registrable domain of a web or mail address, or null where it says nothing about the owner (free mail, social networks, bare words). */
export function parseDomain(raw: string): string | null {
  const text = cleanText(raw).replace(/\s+/g, '');
  if (isMissing(text)) return null;
  const host = text.includes('@') ? text.slice(text.lastIndexOf('@') + 1) : text;
  const { domain, isIp } = parse(host, { extractHostname: true });
  if (domain === null || isIp === true || sharedHosts.has(domain) || freeMailDomains.has(domain)) return null;
  return domain;
}

const longestAddress = 200;
/** Parts of a query that say where somebody came from, not where they are. */
const tracking = /^(utm_.*|fbclid|gclid|mc_[ce]id|ref|trk|lang|hl|originalsubdomain)$/;

/**
 * The address of a page that is the entity's own, such as a profile: host and path without protocol, `www`, language subdomains of social
 * networks, tracking and trailing slashes. Null for what is no web address and for the front page of a host that many share.
 */
export function parseUrl(raw: string): string | null {
  const text = cleanText(raw)
    .replace(/\s+/g, '')
    .slice(0, longestAddress * 2);
  if (isMissing(text)) return null;
  const [place = '', query = ''] = text
    .replace(/^[a-z][a-z+.-]*:\/\//, '')
    .replace(/#.*$/, '')
    .split('?', 2);
  const slash = place.indexOf('/');
  const host = (slash < 0 ? place : place.slice(0, slash)).replace(/^.*@|:\d+$/g, '');
  const { domain, hostname, isIp } = parse(host, { extractHostname: true });
  if (domain === null || hostname === null || isIp === true) return null;
  const isShared = sharedHosts.has(domain);
  const path = (slash < 0 ? '' : place.slice(slash)).replace(/\/{2,}/g, '/').replace(/\/(index\.[a-z]{3,5})?$/, '');
  const kept = query.split('&').filter((part) => part !== '' && !tracking.test(part.split('=', 1)[0] as string));
  const rest = kept.length === 0 ? path : `${path}?${kept.sort().join('&')}`;
  // The owner of `name.wordpress.com` is the name, that of `uk.linkedin.com/in/name` the path.
  const own = hostname.replace(isShared ? /^(www\d?|m|mobile|[a-z]{2}(-[a-z]{2})?)\./ : /^(www\d?|m|mobile)\./, '');
  return isShared && rest === '' && own === domain ? null : `${own}${rest}`.slice(0, longestAddress);
}

/** The words of an employer's name as its mail domain writes it (`blue-harbour.co.uk` gives `blue harbour`); null for public providers. */
export function employerInDomain(email: string): string | null {
  const at = email.lastIndexOf('@');
  return at < 0 ? null : employerAt(email.slice(at + 1));
}

const employerAt = remembered((host) => {
  if (parseDomain(`@${host}`) === null) return null;
  const label = parse(host, { extractHostname: false }).domainWithoutSuffix ?? '';
  const words = label.split('-').filter((word) => word !== '');
  return words.join('').length < 4 ? null : words.join(' ');
});

/** The registrable domain of a host that a mail address ends in, free mail or not; the host itself when it has none. */
export const registrableDomain = remembered((host) => {
  if (host === '' || freeMailDomains.has(host)) return host;
  return parse(host, { extractHostname: false }).domain ?? host;
});
