export type EmbeddedPostgresErrorCode =
  | 'data-folder-in-use'
  | 'data-folder-read-only'
  | 'data-folder-damaged'
  | 'data-folder-foreign'
  | 'disk-full'
  | 'port-busy'
  | 'unsupported-platform'
  | 'start-failed';

/** Why the embedded server does not run. The message is one sentence for the person at the keyboard. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code: EmbeddedPostgresErrorCode;
  readonly retriable = false;

  constructor(code: EmbeddedPostgresErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Says what a failure to write into a folder means for it. */
export function folderError(folder: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new EmbeddedPostgresError(
      'data-folder-read-only',
      `The data folder ${folder} cannot be written: make it writable or choose another one`,
      error,
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EmbeddedPostgresError(
      'disk-full',
      `The disk under ${folder} is full: free some space and start again`,
      error,
    );
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new EmbeddedPostgresError(
      'data-folder-foreign',
      `${folder} is not a folder: move it away or choose another data folder`,
      error,
    );
  }
  return error;
}
