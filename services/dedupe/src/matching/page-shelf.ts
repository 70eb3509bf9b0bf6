/**
 * Pages of a key table in flat memory that no garbage collector looks at: each in a chain of small blocks, as a page has from none to
 * thousands of bytes. When there is no room left the pages that were put first make place.
 */
export interface PageShelf {
  /** A copy of the page; nothing when it is not kept. */
  get(page: number): Buffer | undefined;
  has(page: number): boolean;
  put(page: number, bytes: Buffer): void;
  drop(page: number): void;
  /** Gives all memory back. */
  clear(): void;
  readonly pages: number;
  readonly blocks: number;
}

const blockBytes = 80;
/** Memory is taken so many blocks at a time: 1.3 MB. */
const segmentBlocks = 1 << 14;
const nothing = 0;
const empty = -1;

/** @param blocksMax of 80 bytes, and 12 bytes more for what follows what; eight bytes more for each page of the table */
export function createPageShelf(blocksMax: number): PageShelf {
  const segments: Buffer[] = [];
  /** By page: 1 + its first block, `empty`, or `nothing` when it is not kept. */
  let heads = new Int32Array(1 << 10);
  let lengths = new Int32Array(1 << 10);
  /** By block: 1 + the next one of the page or of the free ones. */
  let following = new Int32Array(0);
  let free = nothing;
  /** Blocks that were used at least once. */
  let begun = 0;
  let blocksUsed = 0;
  let pages = 0;
  /** Where it is looked next for a page to give up. */
  let hand = 0;

  function takeBlock(): number {
    blocksUsed += 1;
    if (free !== nothing) {
      const place = free;
      free = following[place - 1] as number;
      return place;
    }
    if (begun === segments.length * segmentBlocks) {
      segments.push(Buffer.allocUnsafeSlow(segmentBlocks * blockBytes));
      if (begun + segmentBlocks > following.length)
        following = lengthened(following, Math.max(begun + segmentBlocks, following.length * 2));
    }
    begun += 1;
    return begun;
  }

  function drop(page: number): void {
    const head = heads[page] ?? nothing;
    if (head === nothing) return;
    heads[page] = nothing;
    pages -= 1;
    for (let place = head; place > 0; ) {
      const next = following[place - 1] as number;
      following[place - 1] = free;
      free = place;
      blocksUsed -= 1;
      place = next;
    }
  }

  function makeRoom(blocks: number): void {
    while (blocksUsed + blocks > blocksMax && pages > 0) {
      drop(hand);
      hand = hand + 1 < heads.length ? hand + 1 : 0;
    }
  }

  function put(page: number, bytes: Buffer): void {
    drop(page);
    const blocks = Math.ceil(bytes.length / blockBytes);
    if (blocks > blocksMax) return;
    makeRoom(blocks);
    if (page >= heads.length) {
      const wider = Math.max(page + 1, heads.length * 2);
      heads = lengthened(heads, wider);
      lengths = lengthened(lengths, wider);
    }
    let head = empty;
    for (let at = (blocks - 1) * blockBytes; at >= 0; at -= blockBytes) {
      const place = takeBlock();
      following[place - 1] = head === empty ? nothing : head;
      head = place;
      const [segment, from] = placeOf(place);
      bytes.copy(segment, from, at, Math.min(at + blockBytes, bytes.length));
    }
    pages += 1;
    heads[page] = head;
    lengths[page] = bytes.length;
  }

  function placeOf(place: number): [Buffer, number] {
    const block = place - 1;
    return [segments[Math.floor(block / segmentBlocks)] as Buffer, (block % segmentBlocks) * blockBytes];
  }

  return {
    get pages() {
      return pages;
    },
    get blocks() {
      return blocksUsed;
    },
    has: (page) => (heads[page] ?? nothing) !== nothing,
    get(page) {
      const head = heads[page] ?? nothing;
      if (head === nothing) return undefined;
      const bytes = Buffer.allocUnsafe(head === empty ? 0 : (lengths[page] as number));
      let at = 0;
      for (let place = head; place > 0; place = following[place - 1] as number) {
        const [segment, from] = placeOf(place);
        at += segment.copy(bytes, at, from, from + Math.min(blockBytes, bytes.length - at));
      }
      return bytes;
    },
    put,
    drop,
    clear() {
      if (pages === 0) return;
      segments.length = 0;
      [heads, lengths, following] = [new Int32Array(1 << 10), new Int32Array(1 << 10), new Int32Array(0)];
      [free, begun, blocksUsed, pages, hand] = [nothing, 0, 0, 0, 0];
    },
  };
}

function lengthened(from: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}
