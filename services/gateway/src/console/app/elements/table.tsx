import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { useRovingFocus } from './roving-focus.ts';

export interface Column<T> {
  readonly title: string;
  /** Unit of all values, in the head. */
  readonly unit?: string;
  readonly isNumber?: boolean;
  readonly cell: (row: T) => ComponentChildren;
}

/** Rows that can be read; with `href` each leads somewhere, by its first column, and the arrows move between them. */
export function Table<T>({
  caption,
  columns,
  rows,
  rowKey,
  href,
  takesFocus = false,
}: {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly href?: (row: T) => string;
  /** The first row gets the focus when the table appears. */
  readonly takesFocus?: boolean;
}) {
  const roving = useRovingFocus(rows.length);
  const hasRows = rows.length > 0;
  useEffect(() => {
    const main = document.getElementById('main');
    if (takesFocus && hasRows && document.activeElement === main) roving.focus(0);
  }, [takesFocus, hasRows]);
  return (
    <div class="table-frame">
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, unit, isNumber }) => (
              <th key={title} scope="col" class={isNumber === true ? 'number' : undefined}>
                {title}
                {unit !== undefined && <span class="unit"> {unit}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...(href === undefined ? {} : roving.list)}>
          {rows.map((row, index) => (
            <tr key={rowKey(row)}>
              {columns.map(({ title, isNumber, cell }, place) => (
                <td key={title} class={isNumber === true ? 'number' : undefined}>
                  {place === 0 && href !== undefined ? (
                    <a class="row-link" href={href(row)} {...roving.item(index)}>
                      {cell(row)}
                    </a>
                  ) : (
                    cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
