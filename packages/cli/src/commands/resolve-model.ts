import { type MatchModel, ModelError, type Schema, SchemaError, sealModel } from '@kempt/entity-resolution';
import type { CliError } from '../cli-error.ts';
import type { CommandContext } from '../command-context.ts';
import { tableError } from '../tables/table-error.ts';

async function readJson(file: string, context: CommandContext): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(await context.readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw tableError(
      { file },
      { code: 'json-malformed', message: `this is not JSON (${error.message}); correct it there.`, cause: error },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw tableError({ file }, { code: 'json-not-object', message: 'this must be one JSON object.' });
}

/** A model as `--save-model` wrote it. One that was cut off or changed is refused: its version no longer fits its content. */
export async function readModel(file: string, context: CommandContext): Promise<MatchModel> {
  const { version, ...content } = (await readJson(file, context)) as unknown as MatchModel;
  if (content.format !== 'kempt.match-model.v2') {
    throw tableError(
      { file },
      {
        code: 'model-unusable',
        message: `the format is ${String(content.format)}, and this version reads kempt.match-model.v2; make a new model with "kempt resolve --save-model".`,
      },
    );
  }
  const model = sealModel(content);
  if (model.version === version) return model;
  throw tableError(
    { file },
    {
      code: 'model-unusable',
      message: 'the model was changed after it was saved; make a new one with "kempt resolve --save-model".',
    },
  );
}

/** What a model knows of its own weak points, in a few lines. */
export function diagnosticsText({ version, diagnostics, calibration }: MatchModel): string[] {
  const { records, expectedMatches, expectedPrecision, untrainedLevels, weakColumns = [] } = diagnostics;
  const count = (value: number): string => value.toLocaleString('en');
  const precision =
    expectedPrecision === undefined ? '' : `, expected precision of links ${expectedPrecision.toFixed(3)}`;
  const lines = [
    `model ${version}: learned from ${count(records)} records, about ${count(expectedMatches)} matching pairs${precision}`,
  ];
  if (weakColumns.length > 0) lines.push(`columns that tell little: ${weakColumns.join(', ')}`);
  if (untrainedLevels.length > 0)
    lines.push(
      `levels with too few examples to learn from: ${untrainedLevels.length} (listed in the model's diagnostics)`,
    );
  if (calibration !== undefined) lines.push(`corrected by ${count(calibration.pairs)} judged pairs`);
  return lines;
}

/** A declared schema: what every column holds. */
export async function readSchema(file: string, context: CommandContext): Promise<Schema> {
  const schema = await readJson(file, context);
  const columns = schema.columns;
  if (!Array.isArray(columns)) throw schemaError(file, 'columns');
  columns.forEach((column: unknown, at) => {
    const { name, kind } = (column ?? {}) as { readonly name?: unknown; readonly kind?: unknown };
    if (typeof name !== 'string' || typeof kind !== 'string') throw schemaError(file, `columns[${at}]`);
  });
  if (schema.entityKind !== undefined && typeof schema.entityKind !== 'string') throw schemaError(file, 'entityKind');
  return { entityKind: 'other', ...schema, columns } as Schema;
}

function schemaError(file: string, where: string): CliError {
  return tableError(
    { file },
    {
      code: 'schema-invalid',
      message: `${where} is not as it must be; a schema looks like {"entityKind": "person", "columns": [{"name": "e_mail", "kind": "email"}]}.`,
    },
  );
}

/** Errors of the library about a file that the person gave, with the name of that file. */
export function namingFile(file: string, error: unknown): unknown {
  if (error instanceof SchemaError || error instanceof ModelError) {
    return tableError({ file }, { code: error.code, message: `${error.message}.`, cause: error });
  }
  return error;
}
