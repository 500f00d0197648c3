import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeImage, encodePng } from '../../datasets/decode/index.js';
import { packPatch } from '../../datasets/instanceMasks.js';
import { IGNORED, type Panoptic } from '../../datasets/sample.js';
import { createPanopticWriter } from '../../tools/panopticFile.js';
import { predict } from '../../tools/predict.js';
import { writeMask } from '../../tools/prediction.js';

const root = mkdtempSync(join(tmpdir(), 'espalier-prediction-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const size = { width: 6, height: 4 };
const image = { data: new Uint8Array(72), ...size };
const labels = {
  classes: [
    { id: 21, name: 'cow' },
    { id: 200, name: 'sky', isStuff: true },
  ],
} as const;

/** A cow of 2 x 2 pixels from `left` on, or none, in the sky; the last row is not known. */
function answer(left: number | null): Panoptic {
  const mask = new Uint8Array(24).fill(1).fill(IGNORED, 18);
  const patch = { left: left ?? 0, top: 1, width: 2, height: 2, data: new Uint8Array(4).fill(1) };
  const count = left === null ? 0 : 1;
  return {
    things: {
      boxes: Float32Array.of(patch.left, 1, patch.left + 2, 3).slice(0, 4 * count),
      labels: new Int32Array(count),
      scores: new Float32Array(count).fill(0.9),
      masks: [packPatch(patch, size)].slice(0, count),
    },
    stuff: { ...size, mask },
  };
}

describe('label images of segments', () => {
  it('hold a number for each segment, of images of one name, too, and the JSON file what they are', async () => {
    const folder = join(root, 'panoptic');
    const writer = createPanopticWriter(folder, labels);
    writer.add({ file: 'one/a.jpg', image, result: answer(2) });
    writer.add({ file: 'two/a.png', image, result: answer(null) });
    const written = JSON.parse(readFileSync(writer.finish() ?? '', 'utf8')) as {
      readonly annotations: readonly {
        readonly file_name: string;
        readonly segments_info: readonly { readonly id: number }[];
      }[];
    };
    expect(readdirSync(folder).sort()).toEqual(['a-2.png', 'a.png']);
    const [first, second] = written.annotations;
    expect([first?.file_name, second?.file_name]).toEqual(['a.png', 'a-2.png']);
    expect(first?.segments_info).toEqual([
      { id: 2, category_id: 200, area: 14, bbox: [0, 0, 6, 3], iscrowd: 0 },
      { id: 3, category_id: 21, area: 4, bbox: [2, 1, 2, 2], iscrowd: 0 },
    ]);
    expect(second?.segments_info).toEqual([{ id: 2, category_id: 200, area: 18, bbox: [0, 0, 6, 3], iscrowd: 0 }]);
    const { data } = await decodeImage(join(folder, 'a.png'));
    expect([data[0], data[(6 + 2) * 3], data[20 * 3]]).toEqual([2, 3, 0]);
  });

  it('are none where nothing was answered', () => {
    expect(createPanopticWriter(join(root, 'nothing'), labels).finish()).toBeNull();
  });
});

describe('masks of a prediction', () => {
  it('of images of one name are one each', () => {
    const folder = join(root, 'masks');
    for (const label of [1, 2]) {
      writeMask({ file: `${label}/b.png`, image, result: { mask: new Uint8Array(24).fill(label), ...size } }, folder, [
        'background',
      ]);
    }
    expect(readdirSync(folder).sort()).toEqual(['b-2.png', 'b.png']);
  });

  it('never replace an image, a volume or a drawing', async () => {
    const images = join(root, 'images');
    const run = join(root, 'run');
    for (const folder of [images, run]) mkdirSync(folder);
    writeFileSync(join(images, 'a.png'), encodePng(image));
    copyFileSync(join(images, 'a.png'), join(images, 'scan.nii.gz'));
    const out = join(root, 'drawn');
    const answered = (name: string, masks: string) => predict(run, [join(images, name)], { out, masks });
    await expect(answered('a.png', images)).rejects.toThrow('a.png would replace an image: choose another folder with');
    await expect(answered('scan.nii.gz', images)).rejects.toThrow('the mask');
    await expect(answered('a.png', out)).rejects.toThrow('choose another folder than');
  });
});
