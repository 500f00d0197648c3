/** Where a call that works on lists of any length finds them and their lengths: the address of a 32-bit word for each, in bytes. */

/** Lengths: thresholds, recalls, size ranges, detection limits, and the room for slots that are not plain misses. */
export const THRESHOLDS = 1280;
export const RECALLS = 1284;
export const RANGES = 1288;
export const LIMITS = 1292;
export const MIXED_ROOM = 1296;

/** Lists that curves of wasm/curves.ts reads, as evaluation/curves.ts has them. */
export const SCORES = 1304;
export const RANKS = 1308;
export const CODES = 1312;
export const LIMIT_OF = 1316;
export const RECALL_THRESHOLDS = 1320;
export const COUNTED = 1324;

/** Its work space. */
export const KEYS = 1328;
export const FIRST_ORDER = 1332;
export const SECOND_ORDER = 1336;
export const DIGIT_COUNTS = 1340;
export const SORTED = 1344;
export const ADMITTED = 1348;
export const MIXED_AT = 1352;
export const MIXED_CODE = 1356;
export const MISSES_BEFORE = 1360;
export const MIXED_COUNT = 1364;
export const MISSES = 1368;
export const ADMITTED_COUNT = 1372;
export const FIRST_ADMITTED = 1376;
export const HIT_MISSES = 1380;
export const HIT_AT = 1384;
export const HITS = 1388;
export const FALSES = 1392;
export const ENVELOPE = 1396;

/** What it leaves behind. */
export const PRECISION = 1400;
export const SCORES_AT = 1404;
export const RECALL = 1408;

/** Of matching: most detections of a cell; outcomes as evaluation/matcher.ts. */
export const DETECTION_LIMIT = 1416;
export const OUT_BASE = 1420;
export const OUT_FILL = 1424;
export const OUT_MIXED = 1428;
export const OUT_COUNTED = 1432;
export const OUT_SCORES = 1436;
export const OUT_RANKS = 1440;
export const OUT_CODES = 1444;
export const OUT_IMAGES = 1448;
/** The least threshold, 8 bytes. */
export const LEAST = 1456;
