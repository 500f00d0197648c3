/**
 * The memory of the module as one table: [name, kind of number, how many]. Addresses and views follow from it, here and, as
 * constants of `./layout`, in the sources of coco-ts/wasm. A row of length 0 is where columns of any length begin; what follows it
 * stands in the same place.
 */
const KINDS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
} as const;

/** Most rows of one call of `scanRows`, annotations of an image, and size ranges and categories of `matchImage`. */
export const ROWS = 8192;
export const IMAGE_ROWS = 65536;
export const RANGE_LIMIT = 16;
export const CATEGORY_LIMIT = 131072;
/** Bytes of the file that are being read; numbers of a list; marks and columns of `polygonRuns`. */
export const WINDOW_BYTES = 1048576;
export const LIST_NUMBERS = 65536;
export const MARK_LIMIT = 262144;
export const COLUMN_LIMIT = 65536;
/** Keypoint numbers of an image, points of a skeleton, runs of a mask, bytes of a bitmap at a time. */
export const SKELETON_NUMBERS = 262144;
export const SKELETON_POINTS = 128;
export const RUN_LIMIT = 262144;
export const BITMAP_BYTES = 32768;
/** Why `scanRows` stopped; what its third argument is for keypoints as f64. */
export const STOPPED_AT_END = 1;
export const STOPPED_FULL = 2;
export const KEYPOINTS_WIDE = 2;

const TABLE = [
  // Bytes before any address, so that 0 can mean none.
  ['NOWHERE', 'u8', 64],
  // 10 ** i, and its halves of 26 bits; then as integers.
  ['POWERS', 'f64', 23],
  ['POWERS_HIGH', 'f64', 23],
  ['POWERS_LOW', 'f64', 23],
  ['LONG_POWERS', 'i64', 19],

  // What a call leaves behind: rows read, union of their bits, bytes in the pool, why it stopped; two numbers.
  ['STATE', 'u32', 4],
  ['NUMBERS', 'f64', 2],
  // What scanRows is told: position in the file of the memory's first byte, id of the first row, bytes in the table's pool.
  ['STATE_BASE', 'f64', 1],
  ['STATE_FIRST', 'f64', 1],
  ['STATE_POOLED', 'f64', 1],

  // What calls on lists of any length are told: lengths, ...
  ['THRESHOLDS', 'u32', 1],
  ['RECALLS', 'u32', 1],
  ['RANGES', 'u32', 1],
  ['LIMITS', 'u32', 1],
  ['MIXED_ROOM', 'u32', 1],
  ['DETECTION_LIMIT', 'u32', 1],
  ['LEAST', 'f64', 1],
  // ... and addresses, each in a word: of the lists that `curves` reads,
  ['SCORES', 'u32', 1],
  ['RANKS', 'u32', 1],
  ['CODES', 'u32', 1],
  ['LIMIT_OF', 'u32', 1],
  ['RECALL_THRESHOLDS', 'u32', 1],
  ['COUNTED', 'u32', 1],
  // of its work space,
  ['KEYS', 'u32', 1],
  ['FIRST_ORDER', 'u32', 1],
  ['SECOND_ORDER', 'u32', 1],
  ['DIGIT_COUNTS', 'u32', 1],
  ['SORTED', 'u32', 1],
  ['ADMITTED', 'u32', 1],
  ['MIXED_AT', 'u32', 1],
  ['MIXED_CODE', 'u32', 1],
  ['MISSES_BEFORE', 'u32', 1],
  ['MIXED_COUNT', 'u32', 1],
  ['MISSES', 'u32', 1],
  ['ADMITTED_COUNT', 'u32', 1],
  ['FIRST_ADMITTED', 'u32', 1],
  ['HIT_MISSES', 'u32', 1],
  ['HIT_AT', 'u32', 1],
  ['HITS', 'u32', 1],
  ['FALSES', 'u32', 1],
  ['ENVELOPE', 'u32', 1],
  // of what it leaves behind,
  ['PRECISION', 'u32', 1],
  ['SCORES_AT', 'u32', 1],
  ['RECALL', 'u32', 1],
  // and of the outcomes of matchImage.
  ['OUT_BASE', 'u32', 1],
  ['OUT_FILL', 'u32', 1],
  ['OUT_MIXED', 'u32', 1],
  ['OUT_COUNTED', 'u32', 1],
  ['OUT_SCORES', 'u32', 1],
  ['OUT_RANKS', 'u32', 1],
  ['OUT_CODES', 'u32', 1],
  ['OUT_IMAGES', 'u32', 1],

  // Lists of `curves`, up to the end of the memory; or the rows of one call, as columns of the annotation table.
  ['WORK', 'u8', 0],
  ['HAS_COLUMN', 'u16', ROWS],
  ['CROWD_COLUMN', 'u8', ROWS],
  ['ID_COLUMN', 'f64', ROWS],
  ['IMAGE_COLUMN', 'f64', ROWS],
  ['CATEGORY_COLUMN', 'f64', ROWS],
  ['SCORE_COLUMN', 'f64', ROWS],
  ['AREA_COLUMN', 'f64', ROWS],
  ['KEYPOINT_COUNT_COLUMN', 'f64', ROWS],
  ['BOX_COLUMN', 'f64', 4 * ROWS],
  ['BEGIN_COLUMN', 'f64', ROWS],
  ['LENGTH_COLUMN', 'u32', ROWS],
  ['SEGMENTATION_AT_COLUMN', 'u32', ROWS],
  ['SEGMENTATION_LENGTH_COLUMN', 'u32', ROWS],
  ['KEYPOINTS_AT_COLUMN', 'u32', ROWS],
  ['KEYPOINTS_LENGTH_COLUMN', 'u32', ROWS],
  ['POOL_AT_COLUMN', 'f64', ROWS],
  ['POOL_LENGTH_COLUMN', 'u32', ROWS],
  ['MASK_HEIGHT_COLUMN', 'u32', ROWS],
  ['MASK_WIDTH_COLUMN', 'u32', ROWS],
  ['KEYPOINT_AREAS', 'f64', ROWS],
  // Keypoint coordinates of the rows, float64 where the third argument of scanRows is KEYPOINTS_WIDE, else float32.
  ['POINTS', 'f64', 393216],

  // The bytes of the file, and characters of the rows' compressed masks, never more than these; 16 may be read at once.
  ['WINDOW', 'u8', WINDOW_BYTES + 64],
  ['POOL', 'u8', WINDOW_BYTES + 64],
  // A list of the file, which polygonRuns takes; the runs that it leaves behind; its work space.
  ['LIST', 'f64', LIST_NUMBERS],
  ['MARKS', 'u32', MARK_LIMIT],
  ['SORTED_MARKS', 'u32', MARK_LIMIT + 1],
  ['COLUMN_COUNTS', 'u32', COLUMN_LIMIT + 2],

  // Keypoints of one image, and what else comparing them takes.
  ['TRUTH_POINTS', 'f64', SKELETON_NUMBERS],
  ['FOUND_POINTS', 'f64', SKELETON_NUMBERS],
  ['VARIANCES', 'f64', SKELETON_POINTS],
  ['TERMS', 'f64', SKELETON_POINTS],
  // The other columns of one image, as evaluation/rows.ts.
  ['TRUTH_BOXES', 'f64', 4 * IMAGE_ROWS],
  ['FOUND_BOXES', 'f64', 4 * IMAGE_ROWS],
  ['TRUTH_AREAS', 'f64', IMAGE_ROWS],
  ['FOUND_AREAS', 'f64', IMAGE_ROWS],
  ['TRUTH_IDS', 'f64', IMAGE_ROWS],
  ['FOUND_IDS', 'f64', IMAGE_ROWS],
  ['FOUND_SCORES', 'f64', IMAGE_ROWS],
  ['TRUTH_CATEGORIES', 'u32', IMAGE_ROWS],
  ['FOUND_CATEGORIES', 'u32', IMAGE_ROWS],
  ['TRUTH_CROWD', 'u8', IMAGE_ROWS],
  ['TRUTH_IGNORE', 'u8', IMAGE_ROWS],
  // Work space of matching: rows by cells, candidates of a detection, truths of a cell that are taken or ignored by size range.
  ['FOUND_ROWS', 'u32', IMAGE_ROWS],
  ['TRUTH_ROWS', 'u32', IMAGE_ROWS],
  ['CANDIDATES', 'u32', IMAGE_ROWS],
  ['RANKED', 'u32', IMAGE_ROWS],
  ['REACHED', 'u32', IMAGE_ROWS],
  ['CANDIDATE_IOUS', 'f64', IMAGE_ROWS],
  ['TAKEN', 'u32', RANGE_LIMIT * IMAGE_ROWS],
  ['IGNORED', 'u8', RANGE_LIMIT * IMAGE_ROWS],
  ['FOUND_COUNTS', 'u32', CATEGORY_LIMIT],
  ['TRUTH_COUNTS', 'u32', CATEGORY_LIMIT],
  ['FOUND_FIRSTS', 'u32', CATEGORY_LIMIT],
  ['TRUTH_FIRSTS', 'u32', CATEGORY_LIMIT],
  ['TOUCHED', 'u32', CATEGORY_LIMIT],
  ['IOU_THRESHOLDS', 'f64', RANGE_LIMIT],
  ['LOWS', 'f64', RANGE_LIMIT],
  ['HIGHS', 'f64', RANGE_LIMIT],

  // Run lengths of two masks and of what is made of them, and characters.
  ['FIRST_RUNS', 'u32', RUN_LIMIT + 1],
  ['SECOND_RUNS', 'u32', RUN_LIMIT + 1],
  ['MERGED_RUNS', 'u32', 2 * RUN_LIMIT + 16],
  ['TEXT', 'u8', 16 * RUN_LIMIT],
  // Intervals of foreground of many masks.
  ['INTERVALS', 'u32', 4194304],
  // A stretch of a bitmap, with a byte before it and some behind.
  ['BEFORE_BITMAP', 'u8', 64],
  ['BITMAP', 'u8', BITMAP_BYTES + 128],
  // Masks of one image: of detections, truths, and both their boundaries; what intervals they have, and their areas.
  ['MASK_HEIGHTS', 'u32', 4 * IMAGE_ROWS],
  ['MASK_WIDTHS', 'u32', 4 * IMAGE_ROWS],
  ['MASK_BEGINS', 'u32', 4 * IMAGE_ROWS],
  ['MASK_ENDS', 'u32', 4 * IMAGE_ROWS],
  ['MASK_AREAS', 'f64', 4 * IMAGE_ROWS],
  // Outcomes of matching, up to the end of the memory.
  ['OUTCOMES', 'u8', 0],
] as const;

type Kinds = typeof KINDS;
/** Columns of the module's memory by name. */
export type Views = {
  readonly [Row in (typeof TABLE)[number] as Row[0]]: InstanceType<Kinds[Row[1]]> & { readonly buffer: ArrayBuffer };
};
type Name = keyof Views;

const ALIGNMENT = 16;
let end = 0;
const addresses = TABLE.map(([name, kind, length]) => {
  const at = end;
  end = Math.ceil((at + length * KINDS[kind].BYTES_PER_ELEMENT) / ALIGNMENT) * ALIGNMENT;
  return [name, at] as const;
});

/** Where each column begins, in bytes. */
export const AT = Object.fromEntries(addresses) as { readonly [N in Name]: number };
/** Bytes of them all. */
export const LAYOUT_BYTES = end;

/** The columns in a memory. */
export const viewsOf = (memory: ArrayBuffer): Views =>
  Object.fromEntries(
    TABLE.map(([name, kind, length]) => [name, new KINDS[kind](memory, AT[name], length)]),
  ) as unknown as Views;
