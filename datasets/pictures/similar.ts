import type { RgbPixels } from '../sample.js';

/** What an image looks like from afar. */
export interface Fingerprint {
  /** 64 bits, in two halves: whether brightness clearly falls from a cell to its right neighbour, on a grid of 9 x 8. */
  readonly hash: readonly [number, number];
  /** Brightness on a grid of 16 x 16, of mean 0 and length 1; null: the image is of one brightness, and looks like nothing. */
  readonly cells: Float32Array | null;
  /** Width over height. */
  readonly aspect: number;
}

const [COLUMNS, ROWS, GRID] = [9, 8, 16];
/** Deviation of brightness, of 255, below which an image shows nothing; and the share of it that is no clear fall, but noise. */
const [FLAT, NOISE] = [1, 0.1];

/** @source dHash, Krawetz 2013: differences of neighbours survive other sizes, compression and brightness */
export function fingerprint(image: RgbPixels): Fingerprint {
  const cells = cellMeans(image, GRID, GRID);
  const mean = cells.reduce((sum, value) => sum + value, 0) / cells.length;
  const length = Math.sqrt(cells.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  const deviation = length / GRID;
  const coarse = cellMeans(image, COLUMNS, ROWS);
  const hash: [number, number] = [0, 0];
  for (let bit = 0; bit < 64; bit++) {
    const at = Math.floor(bit / 8) * COLUMNS + (bit % 8);
    if (coarse[at]! - coarse[at + 1]! > NOISE * deviation) hash[bit >> 5]! |= 1 << (bit & 31);
  }
  return {
    hash: [hash[0] >>> 0, hash[1] >>> 0],
    cells: deviation < FLAT ? null : cells.map((value) => (value - mean) / length),
    aspect: image.width / image.height,
  };
}

/** Mean brightness of every cell, row by row; a cell of a small image is at least a pixel. */
function cellMeans({ data, width, height }: RgbPixels, columns: number, rows: number): Float32Array {
  const means = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = boundsOf(row, rows, height);
    for (let column = 0; column < columns; column++) {
      const [left, right] = boundsOf(column, columns, width);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        const end = (y * width + right) * 3;
        for (let i = (y * width + left) * 3; i < end; i += 3) {
          sum += data[i]! * 0.299 + data[i + 1]! * 0.587 + data[i + 2]! * 0.114;
        }
      }
      means[row * columns + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return means;
}

function boundsOf(i: number, count: number, length: number): readonly [from: number, to: number] {
  const from = Math.min(length - 1, Math.floor((i * length) / count));
  return [from, Math.max(from + 1, Math.floor(((i + 1) * length) / count))];
}

/** Images that look alike. */
export interface AlikeGroup {
  /** Positions, ascending; at least two. */
  readonly members: readonly number[];
  /** Most bits of 64 in which one of them differs from the one it was found by. */
  readonly bits: number;
}

/** Bits of 64 that may differ; least correlation of the cells; and by how much aspects may differ. */
const [MOST_BITS, LEAST_CORRELATION, MOST_STRETCH] = [7, 0.95, 0.03];
/** Parts of a hash: of 7 bits that differ, one part has at most one. */
const PARTS = 4;

/**
 * Groups of images that look alike, the most alike first. Images are found by parts of their hashes, so that time grows with their number and
 * not with that of their pairs, and confirmed by their cells, as hashes of images with little in them are alike by chance.
 *
 * @param prints fingerprints; texts are alike where they are the same
 * @source Norouzi, Punjani, Fleet 2012, multi-index hashing: of `MOST_BITS` differences, one of four parts holds at most one
 */
export function alikeGroups(prints: readonly (Fingerprint | string)[]): readonly AlikeGroup[] {
  const join = createGroups(prints.length);
  const texts = new Map<string, number>();
  const index = createIndex(prints.length);
  for (const [i, print] of prints.entries()) {
    if (typeof print === 'string') {
      const first = texts.get(print);
      if (first === undefined) texts.set(print, i);
      else join.pair(first, i, 0);
      continue;
    }
    if (print.cells === null) continue;
    let isRepeated = false;
    index.near(print.hash, (j, different) => {
      const other = prints[j];
      if (typeof other !== 'object' || !isConfirmed(print, other)) return;
      isRepeated ||= different === 0;
      join.pair(j, i, different);
    });
    if (!isRepeated) index.add(i, print.hash); // whoever is like it is like the other, too
  }
  return join.groups();
}

/** Values of a part; flips of one of its bits, and of none. */
const [VALUES, FLIPS] = [2 ** 16, [0, ...Array.from({ length: 16 }, (_, bit) => 1 << bit)]] as const;

/** Hashes by their parts: those of one value are a chain. */
function createIndex(count: number) {
  const hashes = new Uint32Array(2 * count);
  const heads = new Int32Array(PARTS * VALUES).fill(-1);
  const next = new Int32Array(PARTS * count);
  const partOf = (hash: Fingerprint['hash'], part: number): number => (hash[part >> 1]! >>> (16 * (part & 1))) & 0xffff;
  return {
    add: (i: number, hash: Fingerprint['hash']): void => {
      hashes.set(hash, 2 * i);
      for (let part = 0; part < PARTS; part++) {
        const head = part * VALUES + partOf(hash, part);
        next[part * count + i] = heads[head]!;
        heads[head] = i;
      }
    },
    /** Those that differ in few bits; some come twice. */
    near: (hash: Fingerprint['hash'], found: (i: number, different: number) => void): void => {
      const [first, second] = hash;
      for (let part = 0; part < PARTS; part++) {
        const value = partOf(hash, part);
        for (const flip of FLIPS) {
          for (let i = heads[part * VALUES + (value ^ flip)]!; i >= 0; i = next[part * count + i]!) {
            const different = ones(hashes[2 * i]! ^ first) + ones(hashes[2 * i + 1]! ^ second);
            if (different <= MOST_BITS) found(i, different);
          }
        }
      }
    },
  };
}

/** Groups that grow together. */
function createGroups(count: number) {
  const parents = Int32Array.from({ length: count }, (_, i) => i);
  const bits = new Uint8Array(count);
  const rootOf = (i: number): number => {
    let at = i;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  };
  return {
    pair: (i: number, j: number, different: number): void => {
      const [a, b] = [rootOf(i), rootOf(j)];
      const [first, second] = a < b ? [a, b] : [b, a];
      parents[second] = first;
      bits[first] = Math.max(bits[first]!, bits[second]!, different);
    },
    groups: (): readonly AlikeGroup[] => {
      const members = new Map<number, number[]>();
      for (let i = 0; i < count; i++) {
        const root = rootOf(i);
        const known = members.get(root);
        if (known) known.push(i);
        else members.set(root, [i]);
      }
      return [...members]
        .filter(([, each]) => each.length > 1)
        .map(([root, each]) => ({ members: each, bits: bits[root]! }))
        .sort((a, b) => a.bits - b.bits);
    },
  };
}

/** How many of 32 bits are set. */
function ones(value: number): number {
  let word = value - ((value >>> 1) & 0x55555555);
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function isConfirmed(a: Fingerprint, b: Fingerprint): boolean {
  if (Math.abs(a.aspect / b.aspect - 1) > MOST_STRETCH || a.cells === null || b.cells === null) return false;
  let correlation = 0;
  for (let k = 0; k < a.cells.length; k++) correlation += a.cells[k]! * b.cells[k]!;
  return correlation >= LEAST_CORRELATION;
}
