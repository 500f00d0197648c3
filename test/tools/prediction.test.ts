import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeImage, encodePng } from '../../datasets/decode/index.js';
import { packPatch } from '../../datasets/packedMasks.js';
import { IGNORED, type Panoptic } from '../../datasets/sample.js';
import { refuseForeign } from '../../tools/ownFiles.js';
import { createPanopticWriter } from '../../tools/panopticFile.js';
import { predict } from '../../tools/predict.js';
import { freePlace, writeMask } from '../../tools/prediction.js';

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

describe('a file of the user in the place of one that is written', () => {
  it.each(['cases', 'report', 'answers'] as const)('is not replaced by %s', (kind) => {
    const file = join(root, `labels-${kind}`);
    refuseForeign(file, kind, '--out');
    for (const text of ['{"images":[]}', 'file,label\n', gzipSync('{"images":[]}')]) {
      writeFileSync(file, text);
      expect(() => refuseForeign(file, kind, '--out')).toThrow(/no file that this command writes: name another file/);
    }
    const own = {
      cases: 'case,class,empty,dice\r\n',
      report: '<!doctype html>\n<meta http-equiv="Content-Security-Policy">',
      answers: gzipSync('{"format":"espalier-answers","version":1}\n'),
    };
    writeFileSync(file, own[kind]);
    refuseForeign(file, kind, '--out');
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

  it('of files of one name in two shards are one each, and each shard lists its own', () => {
    const folder = join(root, 'shards');
    freePlace('1/c.png', folder); // which the first shard writes
    const part = { shard: { index: 2, count: 3 }, before: 1 };
    const writer = createPanopticWriter(folder, labels, part);
    writer.add({ file: '2/c.png', image, result: answer(2) });
    expect(writer.finish()).toBe(join(root, 'shards-2-of-3.json'));
    expect(JSON.parse(readFileSync(join(root, 'shards-2-of-3.json'), 'utf8'))).toMatchObject({
      images: [{ id: 2 }],
      annotations: [{ image_id: 2, file_name: 'c-2.png' }],
    });
    expect(readdirSync(folder)).toEqual(['c-2.png']);
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
