/** Arrays that may lie in memory which threads share. */
export type SharedArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array | Float64Array;

/** The kind of such an array. */
export interface ArrayKind<T extends SharedArray> {
  readonly BYTES_PER_ELEMENT: number;
  new (size: number): T;
  new (memory: ArrayBufferLike, offset?: number, size?: number): T;
}

/** An array of so many zeros in memory of the sort that another one lies in, which may be memory that threads share. */
export function roomBeside<T extends SharedArray>(other: SharedArray, kind: ArrayKind<T>, size: number): T {
  const Memory = other.buffer.constructor as new (bytes: number) => ArrayBufferLike;
  return new kind(new Memory(size * kind.BYTES_PER_ELEMENT));
}
