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
  return text.replaceAll('|', '\\|');
}
