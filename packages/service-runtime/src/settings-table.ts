import type { TSchema } from 'typebox';
import { expectationOf, settingsOf } from './setting.ts';

/** The settings of a schema as a markdown table, for the README of a service. */
export function settingsTable(schema: TSchema): string {
  const rows = settingsOf(schema).map((setting) => {
    const { name, schema: leaf, required, secret } = setting;
    const value = leaf.default === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(leaf.default)}\``;
    const kind = `${expectationOf(leaf)}${secret ? `; secret, also by \`${name}_FILE\`` : ''}`;
    return [`\`${name}\``, kind, value, leaf.description ?? ''].map(escapeCell).join(' | ');
  });
  return ['| Setting | Takes | Default | Meaning |', '|---|---|---|---|', ...rows.map((row) => `| ${row} |`), ''].join(
    '\n',
  );
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<');
}

/** The rows of all tables in a page, cell by cell and without padding: how a README is held against the code. */
export function tableCells(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s:|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}
