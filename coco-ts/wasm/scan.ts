import {
  AREA_COLUMN,
  BEGIN_COLUMN,
  BOX_COLUMN,
  CATEGORY_COLUMN,
  CROWD_COLUMN,
  HAS_COLUMN,
  ID_COLUMN,
  IMAGE_COLUMN,
  KEYPOINT_AREAS,
  KEYPOINT_COUNT_COLUMN,
  KEYPOINTS_AT_COLUMN,
  KEYPOINTS_LENGTH_COLUMN,
  KEYPOINTS_WIDE,
  LENGTH_COLUMN,
  MASK_HEIGHT_COLUMN,
  MASK_WIDTH_COLUMN,
  POINTS,
  POOL_AT_COLUMN,
  POOL_LENGTH_COLUMN,
  SCORE_COLUMN,
  SEGMENTATION_AT_COLUMN,
  SEGMENTATION_LENGTH_COLUMN,
  STATE,
  STATE_BASE,
  STATE_FIRST,
  STOPPED_AT_END,
  STOPPED_AT_ODD,
  STOPPED_FULL,
} from '../src/wasm/layout.js';
import { readNumber } from './number.js';
import { skipBlank, skipString, skipValue } from './skip.js';
import { coordinates, readBox, scanMask, scanPoints } from './values.js';

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
  store32(STATE + 8, 0);
  while (row < limit) {
    const begin = skipBlank(p);
    stopped = STOPPED_AT_ODD;
    if (load8(begin) !== 123) break;
    const pool = load32(STATE + 8);
    let end = scanObject(begin, row, keep, per);
    if (end !== 0) {
      storeF64(BEGIN_COLUMN + 8 * row, loadF64(STATE_BASE) + toF64(begin));
      store32(LENGTH_COLUMN + 4 * row, end - begin);
      end = skipBlank(end);
    }
    const c = end === 0 ? 0 : load8(end);
    if (c !== 44 && c !== 93) {
      store32(STATE + 8, pool);
      break;
    }
    used = used | load16(HAS_COLUMN + 2 * row);
    if (keep) derive(row, load16(HAS_COLUMN + 2 * row), coordinates(per) * (keep === KEYPOINTS_WIDE ? 8 : 4));
    row++;
    p = end + 1;
    stopped = c === 93 ? STOPPED_AT_END : STOPPED_FULL;
    if (c === 93) break;
  }
  store32(STATE, row);
  store32(STATE + 4, used);
  store32(STATE + 12, stopped);
  return p;
}

/** What loadRes sets: ids by position, no crowds, areas of the boxes; those of keypoints are there. @param size bytes of a row's */
function derive(row: i32, bits: i32, size: i32): void {
  storeF64(ID_COLUMN + 8 * row, loadF64(STATE_FIRST) + toF64(row));
  store8(CROWD_COLUMN + row, 0);
  const box: i32 = BOX_COLUMN + 32 * row;
  if (size > 0 && !(bits & HAS_KEYPOINTS)) fillBytes(POINTS + size * row, 0, size);
  if (bits & HAS_BOX) storeF64(AREA_COLUMN + 8 * row, loadF64(box, 16) * loadF64(box, 24));
  else if (!(bits & HAS_KEYPOINTS)) storeF64(AREA_COLUMN + 8 * row, 0);
  else storeF64(AREA_COLUMN + 8 * row, loadF64(KEYPOINT_AREAS + 8 * row));
}

/** One object. @returns the byte behind it, or 0 */
function scanObject(begin: i32, row: i32, keep: i32, per: i32): i32 {
  let p = skipBlank(begin + 1);
  let bits = 0;
  store32(MASK_HEIGHT_COLUMN + 4 * row, 0);
  for (;;) {
    if (load8(p) !== 34) return 0;
    const word = load64(p + 1);
    let key = 0;
    let behind = 0;
    // image_id" category_id" bbox" score" area" id" iscrowd" segmentation" keypoints" num_keypoints" caption"
    if (word === 0x64695f6567616d69n && load8(p + 9) === 34) {
      key = HAS_IMAGE;
      behind = p + 10;
    } else if (word === 0x79726f6765746163n && load32(p + 9) === 0x2264695f) {
      key = HAS_CATEGORY;
      behind = p + 13;
    } else if ((word & 0xffffffffffn) === 0x22786f6262n) {
      key = HAS_BOX;
      behind = p + 6;
    } else if ((word & 0xffffffffffffn) === 0x2265726f6373n) {
      key = HAS_SCORE;
      behind = p + 7;
    } else if ((word & 0xffffffffffn) === 0x2261657261n) {
      key = HAS_AREA;
      behind = p + 6;
    } else if ((word & 0xffffffn) === 0x226469n) {
      key = HAS_ID;
      behind = p + 4;
    } else if (word === 0x2264776f72637369n) {
      key = HAS_CROWD;
      behind = p + 9;
    } else if (word === 0x61746e656d676573n && load32(p + 9) === 0x6e6f6974 && load8(p + 13) === 34) {
      key = HAS_SEGMENTATION;
      behind = p + 14;
    } else if (word === 0x746e696f7079656bn && load16(p + 9) === 0x2273) {
      key = HAS_KEYPOINTS;
      behind = p + 11;
    } else if (word === 0x7079656b5f6d756en && load32(p + 9) === 0x746e696f && load16(p + 13) === 0x2273) {
      key = HAS_KEYPOINT_COUNT;
      behind = p + 15;
    } else if (word === 0x226e6f6974706163n) {
      key = HAS_CAPTION;
      behind = p + 9;
    } else {
      behind = skipString(p);
      if (behind === 0) return 0;
    }
    p = skipBlank(behind);
    if (load8(p) !== 58) return 0;
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
      p = readNumber(p, STATE + 16);
      store8(CROWD_COLUMN + row, loadF64(STATE + 16) !== 0 ? 1 : 0);
    } else if (key === HAS_SEGMENTATION) {
      const at = p;
      store32(MASK_HEIGHT_COLUMN + 4 * row, 0);
      p = keep && load8(p) === 123 ? scanMask(p, row) : skipValue(p);
      store32(SEGMENTATION_AT_COLUMN + 4 * row, at - begin);
      store32(SEGMENTATION_LENGTH_COLUMN + 4 * row, p - at);
    } else if (key === HAS_KEYPOINTS) {
      const at = p;
      p = keep ? scanPoints(p, row, per, keep) : skipValue(p);
      store32(KEYPOINTS_AT_COLUMN + 4 * row, at - begin);
      store32(KEYPOINTS_LENGTH_COLUMN + 4 * row, p - at);
    } else p = skipValue(p);
    if (p === 0) return 0;
    p = skipBlank(p);
    const c = load8(p);
    p++;
    if (c === 125) break;
    if (c !== 44) return 0;
    p = skipBlank(p);
  }
  if (load32(MASK_HEIGHT_COLUMN + 4 * row) !== 0) bits = bits | HAS_RLE;
  store16(HAS_COLUMN + 2 * row, bits);
  clearAbsent(row, bits);
  return p;
}

/** A number up to 2^53; beyond it two ids may be one double. */
function readId(p: i32, out: i32): i32 {
  const q = readNumber(p, out);
  return abs(loadF64(out)) > 9007199254740991 ? 0 : q;
}

/** What a row does not have is 0, not what an earlier row left there. */
function clearAbsent(row: i32, bits: i32): void {
  if (!(bits & HAS_ID)) storeF64(ID_COLUMN + 8 * row, 0);
  if (!(bits & HAS_IMAGE)) storeF64(IMAGE_COLUMN + 8 * row, 0);
  if (!(bits & HAS_CATEGORY)) storeF64(CATEGORY_COLUMN + 8 * row, 0);
  if (!(bits & HAS_SCORE)) storeF64(SCORE_COLUMN + 8 * row, 0);
  if (!(bits & HAS_AREA)) storeF64(AREA_COLUMN + 8 * row, 0);
  if (!(bits & HAS_KEYPOINT_COUNT)) storeF64(KEYPOINT_COUNT_COLUMN + 8 * row, 0);
  if (!(bits & HAS_CROWD)) store8(CROWD_COLUMN + row, 0);
  if (!(bits & HAS_BOX)) {
    storeV128(BOX_COLUMN + 32 * row, splat8(0));
    storeV128(BOX_COLUMN + 32 * row, splat8(0), 16);
  }
  if (!(bits & HAS_SEGMENTATION)) {
    store32(SEGMENTATION_AT_COLUMN + 4 * row, 0);
    store32(SEGMENTATION_LENGTH_COLUMN + 4 * row, 0);
  }
  if (!(bits & HAS_KEYPOINTS)) {
    store32(KEYPOINTS_AT_COLUMN + 4 * row, 0);
    store32(KEYPOINTS_LENGTH_COLUMN + 4 * row, 0);
  }
  if (!(bits & HAS_RLE)) {
    storeF64(POOL_AT_COLUMN + 8 * row, 0);
    store32(POOL_LENGTH_COLUMN + 4 * row, 0);
    store32(MASK_WIDTH_COLUMN + 4 * row, 0);
  }
}
