import anyAscii from 'any-ascii';

/** Longer values are cut before any other work, so that hostile input cannot cost more than this. */
const longestValue = 2_000;

const plainAscii = /^[\x20-\x7e]*$/;
const excessSpace = /^ | $| {2}|[^\x20-\x7e]/;
const invisible = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
const lineBreak = /[\t\n\v\f\r\u0085\u00a0\u2028\u2029]/g;
const marks = /[\u0300-\u036f]/g;

/** Lower-case ASCII with single spaces: compatibility forms folded, invisible characters and accents gone, other scripts transliterated. */
export function cleanText(raw: string): string {
  let text = raw.length > longestValue ? raw.slice(0, longestValue) : raw;
  if (!plainAscii.test(text)) {
    text = text.normalize('NFKC').replace(lineBreak, ' ').replace(invisible, '').normalize('NFKD').replace(marks, '');
    if (!plainAscii.test(text)) text = anyAscii(text);
    if (text.length > longestValue) text = text.slice(0, longestValue);
  }
  const lower = text.toLowerCase();
  // Printable ASCII has no other white space than spaces, and most values have none of them in excess.
  if (!excessSpace.test(lower)) return lower;
  return lower.replace(/\s+/g, ' ').trim();
}

const missingWords: ReadonlySet<string> = new Set([
  'n/a',
  'n.a.',
  'na',
  '#n/a',
  'nan',
  'null',
  'nil',
  'none',
  'undefined',
  'unknown',
  'unk',
  'not available',
  'not applicable',
  'not provided',
  'not known',
  'no name',
  'no last name',
  'no lastname',
  'lastname',
  'last name unknown',
  'name unknown',
  'no data',
  'missing',
  'blank',
  'empty',
  'tbd',
  'tba',
  'xxx',
  'xx',
  'x',
  'test',
]);

/** What all placeholders have in common: nothing else begins with their letters behind brackets and quotes, and none has a digit. */
const mayBeMissing = /^[^a-z0-9]*[nulbemtx][^0-9]*$/;

/** True for empty text, placeholders such as `n/a`, and text without a letter or digit. `cleaned` comes from cleanText. */
export function isMissing(cleaned: string): boolean {
  if (cleaned === '' || !/[a-z0-9]/.test(cleaned)) return true;
  return (
    cleaned.length < 24 &&
    mayBeMissing.test(cleaned) &&
    missingWords.has(cleaned.replace(/^[[({<"'*-]+|[\])}>"'*.!-]+$/g, '').trim())
  );
}

const plainWords = /^[a-z0-9]+(?: [a-z0-9]+)*$/;

/** Words of letters and digits; apostrophes and full stops inside a word join (o'brien, u.s.a), everything else separates. */
export function wordsOf(cleaned: string): string[] {
  if (plainWords.test(cleaned)) return cleaned.split(' ');
  const joined = cleaned.replace(/['`.](?=[a-z0-9])/g, (mark, offset: number) =>
    mark !== '.' ? '' : /(^|[^a-z0-9])[a-z0-9]$/.test(cleaned.slice(Math.max(0, offset - 2), offset)) ? '' : ' ',
  );
  return joined.split(/[^a-z0-9]+/).filter((word) => word !== '');
}

/** Letters and digits only, in order. */
export function squeeze(text: string): string {
  return text.replace(/[^a-z0-9]+/g, '');
}
