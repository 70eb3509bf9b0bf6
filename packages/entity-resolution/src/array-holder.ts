/** Whatever holds one flat array that comparisons read. */
export interface ArrayHolder {
  data: Int8Array | Uint8Array | Int16Array | Int32Array | Float64Array;
  /** How much of it is in use. */
  readonly used: number;
}

/** A holder of what stands somewhere else. */
export function holderOf<T extends ArrayHolder['data']>(
  read: () => { readonly data: T; readonly used: number },
  write: (data: T) => void,
): ArrayHolder {
  return {
    get used() {
      return read().used;
    },
    get data() {
      return read().data;
    },
    set data(data) {
      write(data as T);
    },
  };
}
