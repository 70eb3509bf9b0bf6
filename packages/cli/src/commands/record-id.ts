const separator = '\u001f';

/** The id of a record among those of all files. */
export function recordId(source: string, localId: string): string {
  return `${source}${separator}${localId}`;
}

/** The id that it has in its own file. */
export function localIdOf(id: string, source: string): string {
  return id.slice(source.length + separator.length);
}
