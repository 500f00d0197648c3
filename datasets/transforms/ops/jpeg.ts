import { rgbOp } from './op.js';

/** Quantisation of luma and chroma at quality 50. @source ITU-T T.81, tables K.1 and K.2 */
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
] as const;
const CHROMA = [
  17,
  18,
  24,
  47,
  99,
  99,
  99,
  99,
  18,
  21,
  26,
  66,
  99,
  99,
  99,
  99,
  24,
  26,
  56,
  99,
  99,
  99,
  99,
  99,
  47,
  66,
  99,
  99,
  99,
  99,
  99,
  99,
  ...Array<number>(32).fill(99),
] as const;
const SIDE = 8;
/** Rows of the cosine transform. */
const COSINES = Float64Array.from({ length: 64 }, (_, i) => {
  const [u, x] = [Math.floor(i / SIDE), i % SIDE];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});
const TRANSPOSED = COSINES.map((_, i) => COSINES[(i % SIDE) * SIDE + Math.floor(i / SIDE)] as number);
/** Luma, and chroma of every second pixel; they grow to the largest image seen by this thread. */
const planes = [new Float64Array(0), new Float64Array(0), new Float64Array(0)] as [
  Float64Array,
  Float64Array,
  Float64Array,
];
/** One half in fractions of 16 bits; below, 128 with just under a half, as in libjpeg. */
const HALF = 0x8000;
const MIDDLE = (128 << 16) + 0x7fff;
const block = new Float64Array(64);
const half = new Float64Array(64);

/**
 * What is left of an image that was saved as a JPEG, chroma of half the pixels each way; nothing is encoded, as coding loses nothing.
 *
 * @source ITU-T T.81 and T.871; scaling of the tables and interpolation of chroma as in libjpeg
 */
export const jpeg = rgbOp({ value: 'quality', limits: [1, 100] }, ({ pixels, width, region }, quality) => {
  const [rows, columns] = [region.bottom - region.top, region.right - region.left];
  if (rows === 0 || columns === 0) return;
  const [high, wide] = [Math.ceil(rows / 16) * 16, Math.ceil(columns / 16) * 16];
  const sizes = [high * wide, (high * wide) / 4, (high * wide) / 4];
  sizes.forEach((size, i) => {
    if ((planes[i]?.length ?? 0) < size) planes[i] = new Float64Array(size);
  });
  const [luma, blue, red] = planes;
  const [halfHigh, halfWide] = [high / 2, wide / 2];
  const pixelAt = (y: number, x: number): number =>
    ((region.top + Math.min(y, rows - 1)) * width + region.left + Math.min(x, columns - 1)) * 3;
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const at = pixelAt(y, x);
      luma[y * wide + x] =
        ((pixels[at] as number) * 19595 +
          (pixels[at + 1] as number) * 38470 +
          (pixels[at + 2] as number) * 7471 +
          HALF) >>
        16;
    }
  }
  const lastRow = Math.ceil(rows / 2) - 1;
  for (let y = 0; y < halfHigh; y++) {
    for (let x = 0; x < halfWide; x++) {
      // Alternating, as halves would all go one way; below the image the last row of chroma goes on.
      let cb = 1 + (x & 1);
      let cr = cb;
      for (let i = 0; i < 4; i++) {
        const at = pixelAt(2 * Math.min(y, lastRow) + (i >> 1), 2 * x + (i & 1));
        const r = pixels[at] as number;
        const g = pixels[at + 1] as number;
        const b = pixels[at + 2] as number;
        cb += (-11059 * r - 21709 * g + 32768 * b + MIDDLE) >> 16;
        cr += (32768 * r - 27439 * g - 5329 * b + MIDDLE) >> 16;
      }
      blue[y * halfWide + x] = cb >> 2;
      red[y * halfWide + x] = cr >> 2;
    }
  }
  const scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  quantise(luma, high, wide, LUMA, scale);
  for (const plane of [blue, red]) quantise(plane, halfHigh, halfWide, CHROMA, scale);
  const [lastY, lastX] = [Math.ceil(rows / 2) - 1, Math.ceil(columns / 2) - 1];
  for (let y = 0; y < rows; y++) {
    const near = (y >> 1) * halfWide;
    const far = Math.min(lastY, Math.max(0, (y >> 1) + (y % 2 === 0 ? -1 : 1))) * halfWide;
    for (let x = 0; x < columns; x++) {
      const inner = x >> 1;
      const outer = Math.min(lastX, Math.max(0, inner + (x % 2 === 0 ? -1 : 1)));
      const cb = interpolated(blue, near, far, inner, outer);
      const cr = interpolated(red, near, far, inner, outer);
      const grey = (luma[y * wide + x] as number) + 128;
      const at = ((region.top + y) * width + region.left + x) * 3;
      pixels[at] = clip(grey + 1.402 * cr);
      pixels[at + 1] = clip(grey - 0.344136286 * cb - 0.714136286 * cr);
      pixels[at + 2] = clip(grey + 1.772 * cb);
    }
  }
});

const interpolated = (plane: Float64Array, near: number, far: number, inner: number, outer: number): number =>
  ((plane[near + inner] as number) * 9 +
    ((plane[near + outer] as number) + (plane[far + inner] as number)) * 3 +
    (plane[far + outer] as number)) /
  16;

const clip = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/** Rounds the cosine coefficients of every block of 8 x 8 values to multiples of the table. */
function quantise(plane: Float64Array, rows: number, columns: number, table: readonly number[], scale: number): void {
  const steps = Float64Array.from(table, (step) => Math.min(255, Math.max(1, Math.floor((step * scale + 50) / 100))));
  for (let top = 0; top < rows; top += SIDE) {
    for (let left = 0; left < columns; left += SIDE) {
      const origin = top * columns + left;
      for (let i = 0; i < 64; i++) block[i] = (plane[origin + (i >> 3) * columns + (i & 7)] as number) - 128;
      transform(false);
      for (let i = 0; i < 64; i++) {
        const step = steps[i] as number;
        const value = block[i] as number;
        block[i] = Math.sign(value) * Math.floor(Math.abs(value) / step + 0.5) * step;
      }
      transform(true);
      for (let i = 0; i < 64; i++) {
        plane[origin + (i >> 3) * columns + (i & 7)] = Math.min(127, Math.max(-128, Math.round(block[i] as number)));
      }
    }
  }
}

/** The block's cosine transform, or its inverse, in place: rows, then columns. */
function transform(isInverse: boolean): void {
  const rows = isInverse ? TRANSPOSED : COSINES;
  for (let y = 0; y < 64; y += SIDE) {
    for (let u = 0; u < SIDE; u++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += (block[y + x] as number) * (rows[u * SIDE + x] as number);
      half[y + u] = sum;
    }
  }
  for (let x = 0; x < SIDE; x++) {
    for (let v = 0; v < SIDE; v++) {
      let sum = 0;
      for (let y = 0; y < SIDE; y++) sum += (half[y * SIDE + x] as number) * (rows[v * SIDE + y] as number);
      block[v * SIDE + x] = sum;
    }
  }
}
