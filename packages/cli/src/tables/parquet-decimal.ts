import type { FileMetaData, SchemaElement } from 'hyparquet';

/** Turns the stored value of a column into text that has every digit. */
export type DecimalWriter = (stored: unknown) => string | null;

/**
 * The reader makes floating-point numbers of decimals, which loses digits of long ones. This returns the same metadata with the decimal
 * columns as their stored whole numbers, and for each of them what writes its value. Decimals inside objects and lists stay as they are.
 */
export function exactDecimals(metadata: FileMetaData): {
  readonly metadata: FileMetaData;
  readonly writers: ReadonlyMap<string, DecimalWriter>;
} {
  const writers = new Map<string, DecimalWriter>();
  const plain = new Map<SchemaElement, SchemaElement>();
  for (const element of topElements(metadata.schema)) {
    const { converted_type: converted, logical_type: logical, ...rest } = element;
    if (element.type === undefined || (converted !== 'DECIMAL' && logical?.type !== 'DECIMAL')) continue;
    const scale = element.scale ?? (logical?.type === 'DECIMAL' ? logical.scale : 0);
    plain.set(element, rest);
    writers.set(element.name, (stored) => decimalText(stored, scale));
  }
  return {
    metadata: { ...metadata, schema: metadata.schema.map((element) => plain.get(element) ?? element) },
    writers,
  };
}

/** The children of the root. The schema lists every element before its children. */
function topElements(schema: readonly SchemaElement[]): SchemaElement[] {
  const found: SchemaElement[] = [];
  for (let at = 1; at < schema.length; ) {
    found.push(schema[at] as SchemaElement);
    let open = 1;
    while (open > 0 && at < schema.length) {
      open += (schema[at]?.num_children ?? 0) - 1;
      at += 1;
    }
  }
  return found;
}

function decimalText(stored: unknown, scale: number): string | null {
  let whole: bigint;
  if (typeof stored === 'number' || typeof stored === 'bigint') whole = BigInt(stored);
  else if (stored instanceof Uint8Array && stored.length > 0) {
    // Two's complement, the most significant byte first.
    whole = BigInt.asIntN(stored.length * 8, BigInt(`0x${Buffer.from(stored).toString('hex')}`));
  } else return null;
  if (scale <= 0) return String(whole * 10n ** BigInt(-scale));
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  return `${whole < 0n ? '-' : ''}${digits.slice(0, -scale)}${fraction === '' ? '' : `.${fraction}`}`;
}
