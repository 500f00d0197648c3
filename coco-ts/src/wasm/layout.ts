/** Where things stand in the memory of the module, in bytes; its sources in coco-ts/wasm read the same constants. */

/** 10^i as f64, and its halves of 26 bits; then as i64. */
export const POWERS = 64;
export const POWERS_HIGH = POWERS + 184;
export const POWERS_LOW = POWERS_HIGH + 184;
export const LONG_POWERS = POWERS_LOW + 184;

/** What a call leaves behind: rows read, union of their bits, bytes in the pool, why it stopped. */
export const STATE = 1024;
/** What it is told, as f64: position in the file of the memory's first byte, id of the first row, bytes in the table's pool. */
export const STATE_BASE = STATE + 40;
export const STATE_FIRST = STATE + 48;
export const STATE_POOLED = STATE + 56;
export const STOPPED_AT_ODD = 0;
export const STOPPED_AT_END = 1;
export const STOPPED_FULL = 2;

/** Rows of one call, as columns of the annotation table. */
export const ROWS = 8192;
export const WORK = 2048;
/** @alias */
export const HAS_COLUMN = WORK;
export const CROWD_COLUMN = HAS_COLUMN + 2 * ROWS;
export const ID_COLUMN = CROWD_COLUMN + ROWS;
export const IMAGE_COLUMN = ID_COLUMN + 8 * ROWS;
export const CATEGORY_COLUMN = IMAGE_COLUMN + 8 * ROWS;
export const SCORE_COLUMN = CATEGORY_COLUMN + 8 * ROWS;
export const AREA_COLUMN = SCORE_COLUMN + 8 * ROWS;
export const KEYPOINT_COUNT_COLUMN = AREA_COLUMN + 8 * ROWS;
export const BOX_COLUMN = KEYPOINT_COUNT_COLUMN + 8 * ROWS;
export const BEGIN_COLUMN = BOX_COLUMN + 32 * ROWS;
export const LENGTH_COLUMN = BEGIN_COLUMN + 8 * ROWS;
export const SEGMENTATION_AT_COLUMN = LENGTH_COLUMN + 4 * ROWS;
export const SEGMENTATION_LENGTH_COLUMN = SEGMENTATION_AT_COLUMN + 4 * ROWS;
export const KEYPOINTS_AT_COLUMN = SEGMENTATION_LENGTH_COLUMN + 4 * ROWS;
export const KEYPOINTS_LENGTH_COLUMN = KEYPOINTS_AT_COLUMN + 4 * ROWS;
export const POOL_AT_COLUMN = KEYPOINTS_LENGTH_COLUMN + 4 * ROWS;
export const POOL_LENGTH_COLUMN = POOL_AT_COLUMN + 8 * ROWS;
export const MASK_HEIGHT_COLUMN = POOL_LENGTH_COLUMN + 4 * ROWS;
export const MASK_WIDTH_COLUMN = MASK_HEIGHT_COLUMN + 4 * ROWS;

/** Keypoint coordinates of the rows, as f64 where the third argument of `scanRows` is KEYPOINTS_WIDE, else as f32. */
export const KEYPOINTS_WIDE = 2;
export const KEYPOINT_AREAS = MASK_WIDTH_COLUMN + 4 * ROWS;
export const POINTS = KEYPOINT_AREAS + 8 * ROWS;
export const POINTS_BYTES = 3145728;

/** Bytes of the file that are being read. */
export const WINDOW = POINTS + POINTS_BYTES;
export const WINDOW_BYTES = 1048576;

/** Characters of the rows' compressed masks: never more than the window has. */
export const POOL = WINDOW + WINDOW_BYTES + 64;
export const POOL_BYTES = WINDOW_BYTES + 64;

/** Numbers of one list of the file: what `readList` reads and `polygonRuns` takes. */
export const LIST = POOL + POOL_BYTES;
export const LIST_NUMBERS = 65536;

/** Run lengths that `polygonRuns` leaves behind; work space of its sort: twice the marks, and a count for each column. */
export const MARKS = LIST + 8 * LIST_NUMBERS;
export const MARK_LIMIT = 262144;
export const SORTED_MARKS = MARKS + 4 * MARK_LIMIT;
export const COLUMN_COUNTS = SORTED_MARKS + 4 * MARK_LIMIT;
export const COLUMN_LIMIT = 65536;

/** Keypoints of one image, of truths and of detections, and what else comparing them takes. */
export const SKELETON_NUMBERS = 262144;
export const SKELETON_POINTS = 128;
export const TRUTH_POINTS = COLUMN_COUNTS + 4 * COLUMN_LIMIT + 64;
export const FOUND_POINTS = TRUTH_POINTS + 8 * SKELETON_NUMBERS;
export const VARIANCES = FOUND_POINTS + 8 * SKELETON_NUMBERS;
export const TERMS = VARIANCES + 8 * SKELETON_POINTS;

/** The other columns of one image, as evaluation/rows.ts. */
export const IMAGE_ROWS = 8192;
export const TRUTH_BOXES = TERMS + 8 * SKELETON_POINTS;
export const FOUND_BOXES = TRUTH_BOXES + 32 * IMAGE_ROWS;
export const TRUTH_AREAS = FOUND_BOXES + 32 * IMAGE_ROWS;
export const FOUND_AREAS = TRUTH_AREAS + 8 * IMAGE_ROWS;
export const TRUTH_IDS = FOUND_AREAS + 8 * IMAGE_ROWS;
export const FOUND_IDS = TRUTH_IDS + 8 * IMAGE_ROWS;
export const FOUND_SCORES = FOUND_IDS + 8 * IMAGE_ROWS;
export const TRUTH_CATEGORIES = FOUND_SCORES + 8 * IMAGE_ROWS;
export const FOUND_CATEGORIES = TRUTH_CATEGORIES + 4 * IMAGE_ROWS;
export const TRUTH_CROWD = FOUND_CATEGORIES + 4 * IMAGE_ROWS;
export const TRUTH_IGNORE = TRUTH_CROWD + IMAGE_ROWS;

/** Work space of matching: rows by cells, candidates of a detection, per size range and truth of a cell whether it is taken or ignored. */
export const RANGE_LIMIT = 16;
export const CATEGORY_LIMIT = 16384;
export const FOUND_ROWS = TRUTH_IGNORE + IMAGE_ROWS;
export const TRUTH_ROWS = FOUND_ROWS + 4 * IMAGE_ROWS;
export const CANDIDATES = TRUTH_ROWS + 4 * IMAGE_ROWS;
export const RANKED = CANDIDATES + 4 * IMAGE_ROWS;
export const REACHED = RANKED + 4 * IMAGE_ROWS;
export const CANDIDATE_IOUS = REACHED + 4 * IMAGE_ROWS;
export const TAKEN = CANDIDATE_IOUS + 8 * IMAGE_ROWS;
export const IGNORED = TAKEN + 4 * RANGE_LIMIT * IMAGE_ROWS;
export const FOUND_COUNTS = IGNORED + RANGE_LIMIT * IMAGE_ROWS;
export const TRUTH_COUNTS = FOUND_COUNTS + 4 * CATEGORY_LIMIT;
export const FOUND_FIRSTS = TRUTH_COUNTS + 4 * CATEGORY_LIMIT;
export const TRUTH_FIRSTS = FOUND_FIRSTS + 4 * CATEGORY_LIMIT;
export const TOUCHED = TRUTH_FIRSTS + 4 * CATEGORY_LIMIT;
export const IOU_THRESHOLDS = TOUCHED + 4 * CATEGORY_LIMIT;
export const LOWS = IOU_THRESHOLDS + 8 * RANGE_LIMIT;
export const HIGHS = LOWS + 8 * RANGE_LIMIT;

/** Outcomes of matching, and what else has any length, up to the end of the memory; also the place of what follows. */
export const OUTCOMES = HIGHS + 8 * RANGE_LIMIT;

/** Run lengths of two masks and of what is made of them, and characters. */
export const RUN_LIMIT = 262144;
/** @alias */
export const FIRST_RUNS = OUTCOMES;
export const SECOND_RUNS = FIRST_RUNS + 4 * RUN_LIMIT;
export const MERGED_RUNS = SECOND_RUNS + 4 * RUN_LIMIT;
export const TEXT = MERGED_RUNS + 8 * RUN_LIMIT + 64;
export const TEXT_BYTES = 16 * RUN_LIMIT;

/** Intervals of foreground of many masks. */
export const INTERVALS = TEXT + TEXT_BYTES;
export const INTERVAL_LIMIT = 2097152;

/** A stretch of a bitmap, in the place of the intervals, with room for a byte before it and some behind. */
export const BITMAP = INTERVALS + 64;
export const BITMAP_BYTES = 32768;
