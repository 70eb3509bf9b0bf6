/** What one app did on one day. */
export interface AppCalls {
  readonly appId: string;
  readonly appName: string;
  readonly calls: number;
}

/** The cells of a CSV text, row by row. Quoted cells may hold commas, line breaks and doubled quotes. */
export function* csvRows(text: string): Generator<string[]> {
  let cells: string[] = [];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      at += 1;
      for (let end = text.indexOf('"', at); ; end = text.indexOf('"', at)) {
        if (end < 0) throw new SyntaxError('A quoted cell does not end.');
        cell += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at += 1;
      }
    } else {
      const rest = /[^,\r\n]*/y;
      rest.lastIndex = at;
      cell = rest.exec(text)?.[0] ?? '';
      at += cell.length;
    }
    cells.push(cell);
    if (text[at] === ',') {
      at += 1;
      if (at === text.length) cells.push('');
      continue;
    }
    if (at < text.length && text[at] !== '\n' && text[at] !== '\r') throw new SyntaxError('A quoted cell goes on.');
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    if (cells.length > 1 || cells[0] !== '') yield cells;
    cells = [];
  }
  if (cells.length > 0) yield cells;
}

/** Calls of the API by app, of a log file of type ApiTotalUsage. Throws SyntaxError. */
export function callsByApp(csv: string): AppCalls[] {
  const rows = csvRows(csv);
  const header = rows.next().value ?? [];
  const column = (name: string): number => header.indexOf(name);
  const [id, app, client] = [column('CONNECTED_APP_ID'), column('CONNECTED_APP_NAME'), column('CLIENT_NAME')];
  if (client < 0 && app < 0) throw new SyntaxError('The log file has no column CLIENT_NAME.');
  const found = new Map<string, { appId: string; appName: string; calls: number }>();
  for (const row of rows) {
    const appId = row[id] ?? '';
    const appName = row[app] || row[client] || 'unknown';
    const key = appId === '' ? `name ${appName}` : appId;
    const known = found.get(key);
    if (known === undefined) found.set(key, { appId, appName, calls: 1 });
    else known.calls += 1;
  }
  return [...found.values()];
}
