/** Arrays that may lie in memory which threads share. */
export type SharedArray = Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array;
