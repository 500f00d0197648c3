import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mapValues } from '../../datasets/classMap.js';
import { concurrently } from '../../datasets/concurrently.js';
import { datasetOf, IGNORED, readSample, type StoredTruth } from '../../datasets/index.js';
import { drawRegions } from '../../datasets/regions.js';
import { failure, folderWith, greyPng } from './folder.js';

const noBoxes: StoredTruth = {
  kind: 'boxes',
  boxes: new Float64Array(0),
  labels: new Int32Array(0),
  ignored: new Uint8Array(0),
  areas: new Float64Array(0),
};
const root = folderWith({
  'a.png': greyPng(3, 2, 9),
  'mask.png': greyPng(3, 2, [0, 1, 7, 0, 1, 7]),
  'cut.png': greyPng(64, 64, 3).subarray(0, 60),
});
const entry = (file: string, truth: StoredTruth, width: number | null = null, height: number | null = null) => ({
  id: file,
  file: join(root, file),
  width,
  height,
  truth,
});
const maskTruth = (otherValues: 'error' | 'ignore' | 'nearest'): StoredTruth => ({
  kind: 'mask-file',
  unit: 'value',
  resized: false,
  file: join(root, 'mask.png'),
  values: [
    [0, 0],
    [1, 1],
    [9, 2],
  ],
  otherValues,
});

describe('readSample', () => {
  it('reads boxes, mask files and regions by what the entry says', async () => {
    const boxes = await readSample(entry('a.png', noBoxes, 3, 2));
    const mask = await readSample(entry('a.png', maskTruth('nearest')));
    const regions = await readSample(
      entry('a.png', {
        kind: 'regions',
        uncovered: IGNORED,
        regions: [{ label: 1, segmentation: { size: [2, 3], counts: [2, 3, 1] } }],
      }),
    );
    expect(boxes).toEqual({
      id: 'a.png',
      image: { data: new Uint8Array(18).fill(9), width: 3, height: 2 },
      truth: noBoxes,
    });
    expect(mask.truth).toEqual({ kind: 'classMap', mask: Uint8Array.of(0, 1, 2, 0, 1, 2), width: 3, height: 2 });
    expect(regions.truth).toMatchObject({ mask: Uint8Array.of(IGNORED, 1, 1, IGNORED, 1, IGNORED) });
  });

  it('names the file that is missing, cut, of another size, or has other values', async () => {
    expect(await failure(readSample(entry('none.png', noBoxes)))).toMatch(/none.png: there is no such file/);
    expect(await failure(readSample(entry('cut.png', noBoxes)))).toMatch(/cut.png: /);
    expect(await failure(readSample(entry('a.png', noBoxes, 2, 3)))).toMatch(/a.png: the image is 3x2.*EXIF/);
    expect(await failure(readSample(entry('a.png', maskTruth('error'))))).toMatch(
      /mask.png: mask values.*7 \(2 pixels\)/,
    );
    expect(
      await failure(
        readSample(
          entry('a.png', {
            kind: 'regions',
            uncovered: 0,
            regions: [{ label: 1, segmentation: { size: [9, 9], counts: [81] } }],
          }),
        ),
      ),
    ).toMatch(/a region is 9x9, its image 3x2/);
  });
});

describe('datasetOf', () => {
  it('hands on labels, entries and warnings, and reads by position', async () => {
    const warnings = [{ code: 'x', message: 'y', count: 1, files: ['z'] }];
    const data = datasetOf({ classes: [{ id: 0, name: 'a' }] }, [entry('a.png', noBoxes)], warnings, { source: 'x' });
    expect([data.size, data.warnings, (await data.get(0)).id]).toEqual([1, warnings, 'a.png']);
    await expect(data.get(1)).rejects.toThrow(RangeError);
  });
});

describe('mapValues', () => {
  const truth = { kind: 'mask-file', unit: 'value', resized: false, file: '', otherValues: 'nearest' } as const;
  it('gives a value halfway between two to the lower one', () => {
    const image = { data: Uint8Array.of(10, 15, 16, 20), width: 4, height: 1, unit: 'value', depth: 8 } as const;
    const values = [
      [20, 1],
      [10, 0],
    ] as const;
    expect(mapValues(image, { ...truth, values })).toEqual({
      mask: Uint8Array.of(0, 0, 1, 1),
      unknownValues: new Map([
        [15, 1],
        [16, 1],
      ]),
    });
  });

  it('looks 16-bit values up whole', () => {
    const image = { data: Uint16Array.of(256, 0, 65535), width: 3, height: 1, unit: 'value', depth: 16 } as const;
    const values = [
      [0, 0],
      [256, 1],
      [65535, IGNORED],
    ] as const;
    expect(mapValues(image, { ...truth, values }).mask).toEqual(Uint8Array.of(1, 0, IGNORED));
  });
});

describe('drawRegions', () => {
  it('puts later regions on top and leaves the rest uncovered', () => {
    const square = (label: number, size: number) => ({ label, segmentation: [[0, 0, size, 0, size, size, 0, size]] });
    const map = drawRegions({ kind: 'regions', uncovered: 9, regions: [square(1, 2), square(2, 1)] }, 3, 3, 'x');
    expect([...map]).toEqual([2, 1, 9, 1, 1, 9, 9, 9, 9]);
  });
});

describe('concurrently', () => {
  it('keeps the order, never exceeds the limit, and stops at the first failure', async () => {
    let [running, most, started] = [0, 0, 0];
    const work = async (item: number) => {
      started++;
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, (5 - item) % 3));
      running--;
      if (item === 90) throw new Error('ninety');
      return item * 2;
    };
    expect(await concurrently([1, 2, 3, 4, 5], 2, work)).toEqual([2, 4, 6, 8, 10]);
    expect(most).toBe(2);
    started = 0;
    await expect(concurrently([90, ...Array(50).fill(1)], 2, work)).rejects.toThrow('ninety');
    expect(started).toBeLessThan(51);
  });
});
