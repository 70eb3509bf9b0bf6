/** A load that comes in parts, so that it never lies in memory as a whole. */
export interface LoadStream<L> {
  readonly name: string;
  /** Hands over every part in order; ends when the last one has been used. Can be read once. */
  read(use: (part: L) => void): Promise<void>;
}

/** Hands over a load in one part, or a stream in its parts. */
export async function readLoad<L extends { readonly name: string }>(
  load: L | LoadStream<L>,
  use: (part: L) => void,
): Promise<void> {
  if ('read' in load) await load.read(use);
  else use(load);
}
