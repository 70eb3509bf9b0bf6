/** An element of a parsed document. Prefixes are dropped: clients differ in the ones they use. */
export interface XmlElement {
  /** Name without prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text directly inside, entities resolved. */
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    const code = name[1]?.toLowerCase() === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return String.fromCodePoint(code);
  });
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Reads a document, or throws SyntaxError. Document types are refused, so nothing can be expanded or fetched. */
export function parseXml(document: string): XmlElement {
  interface Open {
    name: string;
    tag: string;
    attributes: Record<string, string>;
    children: XmlElement[];
    text: string;
  }
  const root: Open = { name: '', tag: '', attributes: {}, children: [], text: '' };
  const stack: Open[] = [root];
  const top = (): Open => stack.at(-1) as Open;
  const token =
    /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]+)\s*>|<([^\s/>!?]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;
  let position = 0;
  while (position < document.length) {
    token.lastIndex = position;
    const match = token.exec(document);
    if (match === null) throw new SyntaxError(`The XML cannot be read at character ${position}.`);
    position = token.lastIndex;
    const [, cdata, closing, opening, attributeText = '', isEmpty, text] = match;
    if (cdata !== undefined) top().text += cdata;
    else if (text !== undefined) top().text += decode(text);
    else if (closing !== undefined) {
      const element = stack.pop() as Open;
      if (element.tag !== closing || stack.length === 0) {
        throw new SyntaxError(`The XML closes ${closing} where ${element.tag || 'nothing'} is open.`);
      }
      const { tag: _, ...done } = element;
      top().children.push(done);
    } else if (opening !== undefined) {
      const attributes: Record<string, string> = {};
      for (const [, name = '', double, single] of attributeText.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
        attributes[localName(name)] = decode(double ?? single ?? '');
      }
      const element: Open = { name: localName(opening), tag: opening, attributes, children: [], text: '' };
      if (isEmpty === '/') {
        const { tag: _, ...done } = element;
        top().children.push(done);
      } else stack.push(element);
    }
  }
  const [first] = root.children;
  if (stack.length > 1 || first === undefined) throw new SyntaxError('The XML ends too early.');
  return first;
}

export const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name);

export const childrenNamed = (element: XmlElement, ...names: string[]): XmlElement[] =>
  element.children.filter((child) => names.includes(child.name));

export const isNil = (element: XmlElement): boolean => ['true', '1'].includes(element.attributes.nil ?? '');

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** What can be written as XML: text, or elements in order, lists as repeated elements. Null and undefined are left out. */
export type XmlContent =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly XmlContent[]
  | { readonly [name: string]: XmlContent };

/** Elements with the given content. */
export function writeXml(name: string, content: XmlContent): string {
  if (content === null || content === undefined) return '';
  if (Array.isArray(content)) return content.map((each) => writeXml(name, each as XmlContent)).join('');
  if (typeof content !== 'object') return `<${name}>${escapeXml(String(content))}</${name}>`;
  const inner = Object.entries(content as Readonly<Record<string, XmlContent>>).map(([key, value]) =>
    writeXml(key, value),
  );
  return `<${name}>${inner.join('')}</${name}>`;
}
