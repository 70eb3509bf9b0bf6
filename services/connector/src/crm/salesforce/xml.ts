/** An element of a document. Prefixes are left out: they are the sender's choice. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The text between its tags, without that of its children. */
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

const namedEntities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function resolveEntity(whole: string, entity: string): string {
  if (!entity.startsWith('#')) return namedEntities[entity] ?? whole;
  const isHex = entity.charAt(1).toLowerCase() === 'x';
  const code = Number.parseInt(entity.slice(isHex ? 2 : 1), isHex ? 16 : 10);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}

const resolved = (text: string): string => text.replace(/&(#?\w+);/g, resolveEntity);

/** Declarations, comments, marked sections, tags, and the text between them. */
const pieces = /<\?.*?\?>|<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<(\/?)([^\s/>]+)[^>]*?(\/?)>|([^<]+)/gs;

/**
 * Reads the element of a document; null when it is none. Reads the answers of the SOAP API, which have neither a
 * document type nor a `>` inside of an attribute; their attributes are left out.
 */
export function readXml(document: string): XmlElement | null {
  const root: OpenElement = { name: '', children: [], text: '' };
  const open: OpenElement[] = [root];
  let end = 0;
  for (const match of document.matchAll(pieces)) {
    if (match.index !== end) return null;
    end = match.index + match[0].length;
    const [, marked, slash, qualifiedName, selfClosing, text] = match;
    const inside = open.at(-1);
    if (inside === undefined) return null;
    if (marked !== undefined) inside.text += marked;
    if (text !== undefined) inside.text += resolved(text);
    if (qualifiedName === undefined) continue;
    const name = qualifiedName.slice(qualifiedName.indexOf(':') + 1);
    if (slash === '/') {
      if (inside.name !== name || open.length === 1) return null;
      open.pop();
      continue;
    }
    const element: OpenElement = { name, children: [], text: '' };
    inside.children.push(element);
    if (selfClosing !== '/') open.push(element);
  }
  const [first] = root.children;
  return open.length === 1 && end === document.length && first !== undefined ? first : null;
}

/** Children of an element with a name. */
export const childrenNamed = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.filter((child) => child.name === name);

/** The text of the first element on a path below an element; empty when there is none. */
export function textAt(element: XmlElement, ...path: readonly string[]): string {
  let at: XmlElement | undefined = element;
  for (const name of path) at = at?.children.find((child) => child.name === name);
  return at?.text.trim() ?? '';
}

const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** Text as it stands between tags. Characters that no document may hold are left out. */
export const xmlText = (text: string): string =>
  text
    .toWellFormed()
    .replace(forbidden, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\r/g, '&#13;');
