/** Names that people use and that are not the English one of the code. */
const otherNames: Readonly<Record<string, string>> = {
  america: 'US',
  brasil: 'BR',
  deutschland: 'DE',
  england: 'GB',
  espana: 'ES',
  españa: 'ES',
  'great britain': 'GB',
  holland: 'NL',
  italia: 'IT',
  'northern ireland': 'GB',
  osterreich: 'AT',
  österreich: 'AT',
  scotland: 'GB',
  schweiz: 'CH',
  suisse: 'CH',
  'the netherlands': 'NL',
  'u.k.': 'GB',
  'u.s.': 'US',
  'u.s.a.': 'US',
  uk: 'GB',
  'united states of america': 'US',
  usa: 'US',
  wales: 'GB',
};

let codesByName: ReadonlyMap<string, string> | undefined;

/** English names of all two-letter codes that have one, made when a name is first asked for. */
function englishNames(): ReadonlyMap<string, string> {
  const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const found = new Map<string, string>();
  for (let first = 65; first <= 90; first += 1) {
    for (let second = 65; second <= 90; second += 1) {
      const code = String.fromCharCode(first, second);
      // Codes of states that are no more stand for those that took their place.
      if (new Intl.Locale(`und-${code}`).region !== code) continue;
      const name = names.of(code)?.toLowerCase();
      if (name !== undefined && !found.has(name)) found.set(name, code);
    }
  }
  return found;
}

/** The ISO 3166 code of a country as it stands in an address, or undefined when it is not known. */
export function countryCode(text: string | undefined): string | undefined {
  const name = text?.trim() ?? '';
  if (name === '') return undefined;
  if (/^[A-Za-z]{2}$/.test(name)) return otherNames[name.toLowerCase()] ?? name.toUpperCase();
  codesByName ??= englishNames();
  return otherNames[name.toLowerCase()] ?? codesByName.get(name.toLowerCase());
}
