import type { EventRecord } from '@kempt/contracts';

/** Buses hand out copies: a consumer that writes into an event must not change what another one reads. */
export function copyOf<R extends EventRecord>(record: R): R {
  return { ...record, headers: { ...record.headers }, value: record.value && Uint8Array.from(record.value) };
}
