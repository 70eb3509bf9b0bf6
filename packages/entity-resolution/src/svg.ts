/**
 * The little of SVG that the pictures need. Colours are attributes, not styles, so that a strict content security policy cannot take them
 * away; numbers have at most two decimals, so that equal data gives equal text.
 */

/** Dark enough on white for text; the two directions differ in lightness as well as in hue. */
export const ink = {
  text: '#1f2328',
  faint: '#59636e',
  line: '#d1d9e0',
  paper: '#ffffff',
  for: '#0b5cad',
  forMore: '#74b0e8',
  against: '#a8480b',
  againstMore: '#eaa06d',
} as const;

const longestText = 200;

/** What XML does not allow, and what would turn the direction of the text around it. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;

/** Text of any origin, made safe for XML. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(unprintable, ' ')
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The first letters of a text that is too long, never half a letter. */
export function shorten(text: string, letters: number): string {
  const start = text.length > longestText * 4 ? text.slice(0, longestText * 4) : text;
  const all = [...start];
  return all.length <= letters && start.length === text.length
    ? text
    : `${all.slice(0, Math.max(1, letters - 1)).join('')}…`;
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}

interface TextStyle {
  readonly size?: number;
  readonly fill?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
}

export function svgText(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = 13, fill = ink.text, anchor = 'start', bold = false } = style;
  const further = `${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${bold ? ' font-weight="600"' : ''}`;
  return `<text x="${rounded(x)}" y="${rounded(y)}" font-size="${size}" fill="${fill}"${further}>${escapeXml(text)}</text>`;
}

export function svgRect(x: number, y: number, size: { width: number; height: number }, fill: string): string {
  return `<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(size.width)}" height="${rounded(size.height)}" fill="${fill}"/>`;
}

export function svgLine(
  from: readonly [number, number],
  to: readonly [number, number],
  { stroke = ink.line, width = 1, dash = '' }: { stroke?: string; width?: number; dash?: string } = {},
): string {
  return `<line x1="${rounded(from[0])}" y1="${rounded(from[1])}" x2="${rounded(to[0])}" y2="${rounded(to[1])}" stroke="${stroke}" stroke-width="${width}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`;
}

/** A whole picture; screen readers get its title and, as its description, everything that it shows. */
export function svgPicture(
  { width, height }: { readonly width: number; readonly height: number },
  { title, description }: { readonly title: string; readonly description: string },
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rounded(width)} ${rounded(height)}" width="${rounded(width)}" height="${rounded(height)}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(description)}</desc>`,
    svgRect(0, 0, { width, height }, ink.paper),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
