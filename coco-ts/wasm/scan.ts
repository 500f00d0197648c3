import { readNumber } from './number';
import { skipBlank, skipString, skipValue } from './skip';
import { coordinates, readBox, scanMask, scanPoints } from './values';

/** Before an object that needs a closer look. */
const STOPPED_AT_ODD = 0;

/** The bits of scan/table.ts. */
const HAS_ID = 1;
const HAS_IMAGE = 2;
const HAS_CATEGORY = 4;
const HAS_SCORE = 8;
const HAS_AREA = 16;
const HAS_BOX = 32;
const HAS_CROWD = 128;
const HAS_SEGMENTATION = 256;
const HAS_RLE = 512;
const HAS_KEYPOINTS = 1024;
const HAS_KEYPOINT_COUNT = 2048;
const HAS_CAPTION = 4096;

/**
 * Reads annotation objects into the columns, from start (before an object) on, as scan/annotations.ts does. It stops behind the list,
 * when `limit` rows are read, and before an object that needs a closer look: one that goes beyond the window or is not plain.
 *
 * @param keep whether the rows are results: their compressed masks and keypoints are kept, and what loadRes derives is set. The
 *   keypoints are float32, and a row that would lose by it needs a closer look, unless `keep` is KEYPOINTS_WIDE
 * @param per keypoint numbers of every row
 * @returns the byte behind what was read; STATE tells the rest
 */
export function scanRows(start: i32, limit: i32, keep: i32, per: i32): i32 {
  let p = start;
  let row = 0;
  let used = 0;
  let stopped: i32 = STOPPED_FULL;
  i32.store(STATE + 8, 0);
  while (row < limit) {
    const begin = skipBlank(p);
    stopped = STOPPED_AT_ODD;
    if (i32.load8_u(begin) !== 123) break;
    const pool = i32.load(STATE + 8);
    let end = scanObject(begin, row, keep, per);
    if (end !== 0) {
      f64.store(BEGIN_COLUMN + 8 * row, f64.load(STATE_BASE) + f64(begin));
      i32.store(LENGTH_COLUMN + 4 * row, end - begin);
      end = skipBlank(end);
    }
    const c = end === 0 ? 0 : i32.load8_u(end);
    if (c !== 44 && c !== 93) {
      i32.store(STATE + 8, pool);
      break;
    }
    used = used | i32.load16_u(HAS_COLUMN + 2 * row);
    if (keep) derive(row, i32.load16_u(HAS_COLUMN + 2 * row), coordinates(per) * (keep === KEYPOINTS_WIDE ? 8 : 4));
    row++;
    p = end + 1;
    stopped = c === 93 ? STOPPED_AT_END : STOPPED_FULL;
    if (c === 93) break;
  }
  i32.store(STATE, row);
  i32.store(STATE + 4, used);
  i32.store(STATE + 12, stopped);
  return p;
}

/** What loadRes sets: ids by position, no crowds, areas of the boxes; those of keypoints are there. @param size bytes of a row's */
function derive(row: i32, bits: i32, size: i32): void {
  f64.store(ID_COLUMN + 8 * row, f64.load(STATE_FIRST) + f64(row));
  i32.store8(CROWD_COLUMN + row, 0);
  const box: i32 = BOX_COLUMN + 32 * row;
  if (size > 0 && !(bits & HAS_KEYPOINTS)) memory.fill(POINTS + size * row, 0, size);
  if (bits & HAS_BOX) f64.store(AREA_COLUMN + 8 * row, f64.load(box, 16) * f64.load(box, 24));
  else if (!(bits & HAS_KEYPOINTS)) f64.store(AREA_COLUMN + 8 * row, 0);
  else f64.store(AREA_COLUMN + 8 * row, f64.load(KEYPOINT_AREAS + 8 * row));
}

/** One object. @returns the byte behind it, or 0 */
function scanObject(begin: i32, row: i32, keep: i32, per: i32): i32 {
  let p = skipBlank(begin + 1);
  let bits = 0;
  i32.store(MASK_HEIGHT_COLUMN + 4 * row, 0);
  while (true) {
    if (i32.load8_u(p) !== 34) return 0;
    const word = i64.load(p + 1);
    let key = 0;
    let behind = 0;
    // image_id" category_id" bbox" score" area" id" iscrowd" segmentation" keypoints" num_keypoints" caption"
    if (word === 0x64695f6567616d69 && i32.load8_u(p + 9) === 34) {
      key = HAS_IMAGE;
      behind = p + 10;
    } else if (word === 0x79726f6765746163 && i32.load(p + 9) === 0x2264695f) {
      key = HAS_CATEGORY;
      behind = p + 13;
    } else if ((word & 0xffffffffff) === 0x22786f6262) {
      key = HAS_BOX;
      behind = p + 6;
    } else if ((word & 0xffffffffffff) === 0x2265726f6373) {
      key = HAS_SCORE;
      behind = p + 7;
    } else if ((word & 0xffffffffff) === 0x2261657261) {
      key = HAS_AREA;
      behind = p + 6;
    } else if ((word & 0xffffff) === 0x226469) {
      key = HAS_ID;
      behind = p + 4;
    } else if (word === 0x2264776f72637369) {
      key = HAS_CROWD;
      behind = p + 9;
    } else if (word === 0x61746e656d676573 && i32.load(p + 9) === 0x6e6f6974 && i32.load8_u(p + 13) === 34) {
      key = HAS_SEGMENTATION;
      behind = p + 14;
    } else if (word === 0x746e696f7079656b && i32.load16_u(p + 9) === 0x2273) {
      key = HAS_KEYPOINTS;
      behind = p + 11;
    } else if (word === 0x7079656b5f6d756e && i32.load(p + 9) === 0x746e696f && i32.load16_u(p + 13) === 0x2273) {
      key = HAS_KEYPOINT_COUNT;
      behind = p + 15;
    } else if (word === 0x226e6f6974706163) {
      key = HAS_CAPTION;
      behind = p + 9;
    } else {
      behind = skipString(p);
      if (behind === 0) return 0;
    }
    p = skipBlank(behind);
    if (i32.load8_u(p) !== 58) return 0;
    p = skipBlank(p + 1);
    // Given twice: the portable reader knows what stays of the first.
    if (bits & key) return 0;
    bits = bits | key;
    if (key === HAS_BOX) p = readBox(p, BOX_COLUMN + 32 * row);
    else if (key === HAS_IMAGE) p = readId(p, IMAGE_COLUMN + 8 * row);
    else if (key === HAS_CATEGORY) p = readId(p, CATEGORY_COLUMN + 8 * row);
    else if (key === HAS_SCORE) p = readNumber(p, SCORE_COLUMN + 8 * row);
    else if (key === HAS_AREA) p = readNumber(p, AREA_COLUMN + 8 * row);
    else if (key === HAS_ID) p = readId(p, ID_COLUMN + 8 * row);
    else if (key === HAS_KEYPOINT_COUNT) p = readNumber(p, KEYPOINT_COUNT_COLUMN + 8 * row);
    else if (key === HAS_CROWD) {
      p = readNumber(p, NUMBERS);
      i32.store8(CROWD_COLUMN + row, f64.load(NUMBERS) !== 0 ? 1 : 0);
    } else if (key === HAS_SEGMENTATION) {
      const at = p;
      i32.store(MASK_HEIGHT_COLUMN + 4 * row, 0);
      p = keep && i32.load8_u(p) === 123 ? scanMask(p, row) : skipValue(p);
      i32.store(SEGMENTATION_AT_COLUMN + 4 * row, at - begin);
      i32.store(SEGMENTATION_LENGTH_COLUMN + 4 * row, p - at);
    } else if (key === HAS_KEYPOINTS) {
      const at = p;
      p = keep ? scanPoints(p, row, per, keep) : skipValue(p);
      i32.store(KEYPOINTS_AT_COLUMN + 4 * row, at - begin);
      i32.store(KEYPOINTS_LENGTH_COLUMN + 4 * row, p - at);
    } else p = skipValue(p);
    if (p === 0) return 0;
    p = skipBlank(p);
    const c = i32.load8_u(p);
    p++;
    if (c === 125) break;
    if (c !== 44) return 0;
    p = skipBlank(p);
  }
  if (i32.load(MASK_HEIGHT_COLUMN + 4 * row) !== 0) bits = bits | HAS_RLE;
  i32.store16(HAS_COLUMN + 2 * row, bits);
  clearAbsent(row, bits);
  return p;
}

/** A number up to 2^53; beyond it two ids may be one double. */
function readId(p: i32, out: i32): i32 {
  const q = readNumber(p, out);
  return f64.abs(f64.load(out)) > 9007199254740991 ? 0 : q;
}

/** What a row does not have is 0, not what an earlier row left there. */
function clearAbsent(row: i32, bits: i32): void {
  if (!(bits & HAS_ID)) f64.store(ID_COLUMN + 8 * row, 0);
  if (!(bits & HAS_IMAGE)) f64.store(IMAGE_COLUMN + 8 * row, 0);
  if (!(bits & HAS_CATEGORY)) f64.store(CATEGORY_COLUMN + 8 * row, 0);
  if (!(bits & HAS_SCORE)) f64.store(SCORE_COLUMN + 8 * row, 0);
  if (!(bits & HAS_AREA)) f64.store(AREA_COLUMN + 8 * row, 0);
  if (!(bits & HAS_KEYPOINT_COUNT)) f64.store(KEYPOINT_COUNT_COLUMN + 8 * row, 0);
  if (!(bits & HAS_CROWD)) i32.store8(CROWD_COLUMN + row, 0);
  if (!(bits & HAS_BOX)) {
    v128.store(BOX_COLUMN + 32 * row, i8x16.splat(0));
    v128.store(BOX_COLUMN + 32 * row, i8x16.splat(0), 16);
  }
  if (!(bits & HAS_SEGMENTATION)) {
    i32.store(SEGMENTATION_AT_COLUMN + 4 * row, 0);
    i32.store(SEGMENTATION_LENGTH_COLUMN + 4 * row, 0);
  }
  if (!(bits & HAS_KEYPOINTS)) {
    i32.store(KEYPOINTS_AT_COLUMN + 4 * row, 0);
    i32.store(KEYPOINTS_LENGTH_COLUMN + 4 * row, 0);
  }
  if (!(bits & HAS_RLE)) {
    f64.store(POOL_AT_COLUMN + 8 * row, 0);
    i32.store(POOL_LENGTH_COLUMN + 4 * row, 0);
    i32.store(MASK_WIDTH_COLUMN + 4 * row, 0);
  }
}
