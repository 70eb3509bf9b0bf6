import { parse } from 'tldts';
import { freeMailDomains, sharedHosts } from './data/mail-domains.ts';
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

/** The words of an employer's name as its mail domain writes it (`blue-harbour.co.uk` gives `blue harbour`); null for public providers. */
export function employerInDomain(email: string): string | null {
  if (!email.includes('@') || parseDomain(email) === null) return null;
  const label = parse(email.slice(email.lastIndexOf('@') + 1), { extractHostname: false }).domainWithoutSuffix ?? '';
  const words = label.split('-').filter((word) => word !== '');
  return words.join('').length < 4 ? null : words.join(' ');
}

/** The registrable domain of a host that a mail address ends in, free mail or not; the host itself when it has none. */
export function registrableDomain(host: string): string {
  if (host === '' || freeMailDomains.has(host)) return host;
  return parse(host, { extractHostname: false }).domain ?? host;
}
