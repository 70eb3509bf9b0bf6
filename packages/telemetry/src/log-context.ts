import { AsyncLocalStorage } from 'node:async_hooks';

/** What a line of the log says about whose work it belongs to. Ids only; never a name or a value of a record. */
export interface LogFields {
  readonly tenant?: string;
  readonly run_id?: string;
}

const storage = new AsyncLocalStorage<{ fields: LogFields }>();

/** Runs work whose log lines, at any depth and in any package, carry these fields beside those around it. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return storage.run({ fields: { ...storage.getStore()?.fields, ...fields } }, work);
}

/** Adds fields to the work at hand, for what is known only in the middle of it. Does nothing outside of such work. */
export function addLogFields(fields: LogFields): void {
  const store = storage.getStore();
  if (store !== undefined) store.fields = { ...store.fields, ...fields };
}

export function currentLogFields(): LogFields {
  return storage.getStore()?.fields ?? {};
}
