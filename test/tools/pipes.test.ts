import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExperiment } from '../../configs/read.js';
import { decodeImage, decodeMask, drawCells, readImageSize } from '../../datasets/index.js';
import { sha256Of } from '../../engine/tensorflow/runtime/pip.js';
import { withZip } from '../../engine/tensorflow/runtime/zip.js';
import { readCheckpoint } from '../../training/run/checkpointFile.js';
import { openEventLog } from '../../training/run/events.js';
import { withWeights } from '../../weights/fileSource.js';
import { greyPng, vocXml } from '../datasets/folder.js';
import { openCoco, openMasks, openVoc } from '../datasets/open.js';

const classes = ['a'];
/** A model of ONNX with one tensor, whose value is in weights.bin. */
const onnx = (): Uint8Array => {
  const field = (number: number, bytes: readonly number[]) => [number * 8 + 2, bytes.length, ...bytes];
  const place = [...field(1, [...Buffer.from('location')]), ...field(2, [...Buffer.from('weights.bin')])];
  const tensor = [8, 1, 16, 1, ...field(8, [...Buffer.from('w')]), ...field(13, place), 14 * 8, 1];
  return Uint8Array.from([8, 10, ...field(7, field(5, tensor))]);
};
const coco = (images: object) =>
  JSON.stringify({ images: [images], annotations: [], categories: [{ id: 1, name: 'a' }] });
/** Files beside the one that is no file. */
const FILES = {
  'coco.json': coco({ id: 1, file_name: 'x.png', width: 2, height: 2 }),
  'ImageSets/Main/t.txt': 'x\n',
  'ImageSets/Segmentation/t.txt': 'x\n',
  'JPEGImages/x.png': greyPng(2, 2),
  'Annotations/x.xml': vocXml([2, 2], [['a', 1, 1, 2, 2]]),
  'SegmentationClass/x.png': greyPng(2, 2),
  'labelmap.txt': 'a:0,0,0::\n',
  'x.png': greyPng(2, 2),
  'm.onnx': onnx(),
};

/** What is put into the place of which file, and who reads it. */
const READERS: { readonly [what: string]: readonly [path: string, read: (root: string) => unknown] } = {
  'an image': ['x.png', (root) => decodeImage(join(root, 'x.png'))],
  "an image's size": ['x.png', (root) => readImageSize(join(root, 'x.png'))],
  'a mask': ['m.png', (root) => decodeMask(join(root, 'm.png'))],
  'an image of COCO': ['x.png', (root) => openCoco({ root, annotations: 'coco.json', images: '', task: 'detection' })],
  'an annotation of COCO': [
    'c.json',
    (root) => openCoco({ root, annotations: 'c.json', images: '', task: 'detection' }),
  ],
  'an annotation of VOC': ['Annotations/x.xml', (root) => openVoc({ root, split: 't', task: 'detection' })],
  'a split of VOC': ['ImageSets/Main/t.txt', (root) => openVoc({ root, split: 't', task: 'detection' })],
  'a label map of VOC': ['labelmap.txt', (root) => openVoc({ root, split: 't', task: 'segmentation' })],
  'a mask of VOC': ['SegmentationClass/x.png', (root) => openVoc({ root, split: 't', task: 'segmentation', classes })],
  'a list of masks': [
    'list',
    (root) => openMasks({ root, images: '*.png', masks: 'SegmentationClass/*.png', split: 'list', classes }),
  ],
  'a folder of a sample': ['sample.json', (root) => drawCells({ out: root, images: 2, seed: 1 })],
  'a config': ['c.yaml', (root) => readExperiment(join(root, 'c.yaml'))],
  'a checkpoint': ['last.safetensors', (root) => readCheckpoint(join(root, 'last.safetensors'))],
  'the events of a run': [
    'events.jsonl',
    (root) => openEventLog(join(root, 'events.jsonl'), 1, { event: 'warning', step: 1, message: '' }),
  ],
  'a file of weights': ['w.pth', (root) => withWeights(join(root, 'w.pth'), () => 0)],
  'external data of ONNX': [
    'weights.bin',
    (root) => withWeights(join(root, 'm.onnx'), ({ tensors }) => tensors.get('w')?.read()),
  ],
  'a wheel': ['t.whl', (root) => withZip(join(root, 't.whl'), () => 0)],
  'the digest of a wheel': ['t.whl', (root) => sha256Of(join(root, 't.whl'))],
};

const root = mkdtempSync(join(tmpdir(), 'pipes-'));

beforeAll(() => {
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
});
afterAll(() => rmSync(root, { recursive: true }));

/** The error of reading when something else is in the place of the file. */
async function refusal(what: string, put: (path: string) => void): Promise<unknown> {
  const [path, read] = READERS[what] as (typeof READERS)[string];
  const place = join(root, path);
  rmSync(place, { force: true });
  put(place);
  try {
    return await read(root);
  } catch (error) {
    return error;
  } finally {
    rmSync(place, { recursive: true });
    const known = FILES[path as keyof typeof FILES];
    if (known !== undefined) writeFileSync(place, known);
  }
}

describe.skipIf(process.platform === 'win32').each(Object.keys(READERS))('%s', (what) => {
  it.each([
    ['a pipe', (path: string) => void spawnSync('mkfifo', [path])],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link to a device without end', (path: string) => symlinkSync('/dev/zero', path)],
  ])('that is %s is refused in one sentence, and nobody waits', async (_other, put) => {
    const error = await refusal(what, put);
    expect(error).toMatchObject({ exitCode: expect.any(Number), message: expect.stringContaining(root) });
    expect((error as Error).message).toMatch(/pipe|folder|device|leaves the data|other files|leads out/);
  });
});
