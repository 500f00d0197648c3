import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const extra = process.env.ESPALIER_DATA ?? join(here, '../../../shared/data');

/** All recorded answers of pycocotools, when the folder is there; the tests' own selection of them otherwise stands alone. */
export const recorded = join(extra, '../coco-eval');
export const recordedMissing = existsSync(join(recorded, 'eval'))
  ? undefined
  : `no folder ${recorded} (set ESPALIER_DATA)`;

export const dataPath = (...parts: string[]): string => join(extra, ...parts);
export const dataMissing = (...parts: string[]): string | undefined =>
  existsSync(dataPath(...parts)) ? undefined : `no ${dataPath(...parts)} (set ESPALIER_DATA)`;

/** An array as the recorder writes it: little endian, C order. */
export interface Packed {
  readonly shape: readonly number[];
  readonly dtype: '<f8' | '|u1' | '<i8' | '<u4';
  readonly b64?: string;
  readonly gz64?: string;
}

export function unpack(packed: Packed): Float64Array | Uint8Array {
  const bytes = new Uint8Array(
    packed.gz64 ? gunzipSync(Buffer.from(packed.gz64, 'base64')) : Buffer.from(packed.b64 ?? '', 'base64'),
  );
  if (packed.dtype === '|u1') return bytes;
  if (packed.dtype === '<f8') return new Float64Array(bytes.buffer);
  if (packed.dtype === '<u4') return Float64Array.from(new Uint32Array(bytes.buffer));
  return Float64Array.from(new BigInt64Array(bytes.buffer), Number);
}

export const readGolden = <T>(path: string): T => JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as T;

/** A recorded file of test/golden. */
export const golden = <T>(name: string): T => readGolden<T>(join(here, 'golden', name));

export const recordedNames = (): string[] => (recordedMissing ? [] : readdirSync(join(recorded, 'eval')).sort());

/** The first place where two arrays differ in a bit, NaN equal to NaN and -0 different from 0; null when there is none. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): string | null {
  if (actual.length !== expected.length) return `length ${actual.length}, expected ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) return `[${i}] is ${actual[i]}, expected ${expected[i]}`;
  }
  return null;
}
