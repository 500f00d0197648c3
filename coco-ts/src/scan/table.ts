import { sharedBytes } from '../runtime.js';

/** What a row of the table was given; a bit each. */
export const HAS = {
  id: 1,
  image: 2,
  category: 4,
  score: 8,
  area: 16,
  box: 32,
  emptyBox: 64,
  crowd: 128,
  segmentation: 256,
  /** The segmentation is a compressed RLE whose string is in the pool. */
  rle: 512,
  keypoints: 1024,
  keypointCount: 2048,
  caption: 4096,
} as const;

/**
 * Annotations as columns, one row each, in file order. A column that no row uses costs no memory: its pages are never touched.
 * `capacity` rows are allocated, `count` are filled.
 */
export class AnnotationTable {
  count = 0;
  capacity: number;
  /** Union of all rows' bits. */
  used = 0;
  has!: Uint16Array;
  id!: Float64Array;
  image!: Float64Array;
  category!: Float64Array;
  score!: Float64Array;
  area!: Float64Array;
  /** x, y, width, height per row. */
  boxes!: Float64Array;
  crowd!: Uint8Array;
  keypointCount!: Float64Array;
  /** Bytes of the row's object in the file. */
  begin!: Float64Array;
  length!: Uint32Array;
  /** Position of the segmentation, from `begin` on. */
  segmentationAt!: Uint32Array;
  segmentationLength!: Uint32Array;
  keypointsAt!: Uint32Array;
  keypointsLength!: Uint32Array;
  /** Compressed RLE: string at poolAt in the pool, mask size. */
  poolAt!: Float64Array;
  poolLength!: Uint32Array;
  maskHeight!: Uint32Array;
  maskWidth!: Uint32Array;
  /** Characters of all compressed RLEs. */
  pool: Uint8Array = new Uint8Array(0);
  poolUsed = 0;

  /**
   * Keypoints of all rows one after another, `coordinates` numbers each: x and y of every point, for nobody asks whether a detected one
   * is visible. They are float32 as long as that keeps every bit, as what a network computed mostly does.
   */
  points: Numbers = new Float32Array(0);
  /** Numbers that every row's list of keypoints has in the file; 0 before the first. */
  pointNumbers = 0;
  /** Whether compressed RLEs and keypoints are kept here; otherwise only where they stand in the file. */
  readonly keepValues: boolean;

  constructor(keepValues = false) {
    this.keepValues = keepValues;
    this.capacity = 16;
    this.allocate(null);
  }

  /** Makes room for as many rows, by default for twice as many as now. */
  grow(rows = 2 * this.capacity): void {
    this.capacity = rows;
    this.allocate(this.count);
  }

  private allocate(keep: number | null): void {
    const n = this.capacity;
    const floats = (old: Float64Array | undefined, per = 1): Float64Array =>
      moved(new Float64Array(n * per), old, keep, per);
    const ints = (old: Uint32Array | undefined): Uint32Array => moved(new Uint32Array(n), old, keep, 1);
    this.has = moved(new Uint16Array(n), this.has, keep, 1);
    this.id = floats(this.id);
    this.image = floats(this.image);
    this.category = floats(this.category);
    this.score = floats(this.score);
    this.area = floats(this.area);
    this.boxes = floats(this.boxes, 4);
    this.crowd = moved(new Uint8Array(n), this.crowd, keep, 1);
    this.keypointCount = floats(this.keypointCount);
    this.begin = floats(this.begin);
    this.length = ints(this.length);
    this.segmentationAt = ints(this.segmentationAt);
    this.segmentationLength = ints(this.segmentationLength);
    this.keypointsAt = ints(this.keypointsAt);
    this.keypointsLength = ints(this.keypointsLength);
    this.poolAt = floats(this.poolAt);
    this.poolLength = ints(this.poolLength);
    this.maskHeight = ints(this.maskHeight);
    this.maskWidth = ints(this.maskWidth);
  }

  /** Number of kept values per row of keypoints. */
  get coordinates(): number {
    return this.pointNumbers - Math.floor(this.pointNumbers / 3);
  }

  /** Makes room for the points of as many rows as the table has, and for `least` numbers. */
  growPoints(least: number): void {
    this.points = enlarged(this.points, Math.max(least, this.capacity * this.coordinates));
  }

  /** Turns the points to float64; the first `used` of them are kept. */
  widenPoints(used: number): void {
    this.points = widened(this.points, used);
  }

  /** Makes room for `bytes` more characters in the pool, where in the end there may be `expected`. */
  reservePool(bytes: number, expected = 2 * this.pool.length): void {
    if (this.poolUsed + bytes <= this.pool.length) return;
    const bigger = new Uint8Array(sharedBytes(Math.max(1 << 12, expected, this.poolUsed + bytes)));
    bigger.set(this.pool.subarray(0, this.poolUsed));
    this.pool = bigger;
  }
}

/** Numbers that are float64, or float32 and lose nothing by it. */
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** At least `length` numbers, what was there kept. */
export function enlarged<A extends Numbers>(values: A, length: number): A {
  if (values.length >= length) return values;
  const kind = values.constructor as new (length: number) => A;
  const bigger = new kind(Math.max(length, values.length * 2));
  bigger.set(values);
  return bigger;
}

/** The same numbers as float64; the first `used` of them are kept. */
export function widened(values: Numbers, used: number): Float64Array<ArrayBuffer> {
  if (values instanceof Float64Array) return values;
  const wide = new Float64Array(values.length);
  wide.set(values.subarray(0, used));
  return wide;
}

function moved<A extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  target: A,
  old: A | undefined,
  keep: number | null,
  per: number,
): A {
  if (old !== undefined && keep !== null) target.set(old.subarray(0, keep * per));
  return target;
}
