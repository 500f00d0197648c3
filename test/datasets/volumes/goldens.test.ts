import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { readVolume } from '../../../datasets/volumes/readVolume.js';
import { toRas, type Volume } from '../../../datasets/volumes/volume.js';
import { dataMissing, dataPath, golden } from '../../data.js';

interface Figures {
  readonly shape: readonly number[];
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly voxels: readonly (readonly [number, number])[];
  readonly sha256: string;
  readonly affine?: readonly number[];
  readonly spacing?: readonly number[];
}
interface Recorded {
  readonly stored?: Figures;
  readonly ras?: Figures;
  readonly syntax?: string;
  readonly fails?: string;
}
/** Of pydicom and nibabel, recorded by bench/peers/pixels.py. */
const { files } = golden<{ readonly files: { readonly [name: string]: Recorded } }>('volumes/pixels.json');

/** Refused: JPEG of 12 bits with loss. */
const EXTENDED = '1.2.840.10008.1.2.4.51';
const LOSSY = '1.2.840.10008.1.2.4.50';

function compare(
  { data, width, height, depth, channels, affine, spacing }: Volume,
  figures: Figures,
  isLossy = false,
): void {
  expect([depth, height, width, channels]).toEqual(figures.shape);
  if (isLossy) {
    const sum = Float64Array.from(data).reduce((total, value) => total + value, 0);
    expect(Math.abs(sum - figures.sum) / data.length).toBeLessThan(0.5);
    for (const [i, value] of figures.voxels) expect(Math.abs((data[i] as number) - value)).toBeLessThanOrEqual(2);
    return;
  }
  for (const [i, value] of figures.voxels) expect(data[i]).toBe(Math.fround(value));
  const floats = Float32Array.from(data);
  expect(createHash('sha256').update(new Uint8Array(floats.buffer)).digest('hex')).toBe(figures.sha256);
  figures.affine?.forEach((value, i) => {
    expect(affine?.[i]).toBeCloseTo(value, 4);
  });
  figures.spacing?.forEach((value, i) => {
    expect(spacing[i]).toBeCloseTo(value, 5);
  });
}

test.skipIf(dataMissing).each(Object.entries(files))('%s has the pixels of its reference', async (name, recorded) => {
  const reading = readVolume(dataPath(name));
  if (recorded.syntax === EXTENDED) return expect(reading).rejects.toThrow(/JPEG with loss of 12 bits.*unpack it/);
  if (recorded.stored === undefined) return expect(reading).rejects.toThrow('truncated');
  const volume = await reading;
  compare(volume, recorded.stored, recorded.syntax === LOSSY);
  if (recorded.ras) compare(toRas(volume), recorded.ras);
});
