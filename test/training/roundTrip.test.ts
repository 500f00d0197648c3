import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocateTargets } from '../../datasets/encoder.js';
import { createDetectionEvaluator, createSemanticEvaluator } from '../../datasets/evaluators/index.js';
import {
  type Dataset,
  type DetectionTruth,
  drawCells,
  IGNORED,
  openData,
  type Sample,
  type SemanticTruth,
} from '../../datasets/index.js';
import {
  createRetinaEncoder,
  createRetinaHead,
  createSemanticHead,
  encoderConfigOf,
  retinaConfig,
} from '../../heads/index.js';
import { DEFAULT_ANCHORS } from '../../heads/retina/anchors.js';
import type { LabelledImage } from '../../training/roundTrip.js';
import { roundTripDetection } from '../../training/roundTripDetection.js';
import { roundTripInstances } from '../../training/roundTripInstances.js';
import { roundTripSegmentation } from '../../training/roundTripSegmentation.js';
import { dataMissing, dataPath } from '../data.js';
import { openCoco, openMasks, openVoc } from '../datasets/open.js';

/** Real data sets give only their first images unless this is set, which takes a minute longer. */
const all = process.env.ESPALIER_TEST_ALL !== undefined;
/** EfficientDet-Lite0 and D0. */
const LITE0 = { ...DEFAULT_ANCHORS, anchorScale: 3, strides: [8, 16, 32, 64, 128], matchThreshold: 0.5 };
const D0 = { ...LITE0, anchorScale: 4 };

const folder = mkdtempSync(join(tmpdir(), 'round-trip-'));
const root = join(folder, 'cells');
beforeAll(async () => {
  await drawCells({ out: root, images: 20, seed: 5 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Boxes need no pixels: the entries hold all there is. */
function boxesOf({ entries }: Dataset<DetectionTruth>, images: number): LabelledImage<DetectionTruth>[] {
  return entries.slice(0, images).map(({ id, width, height, truth }) => {
    if (width === null || height === null) throw new Error(`${id} states no size`);
    return { id, image: { width, height }, truth: truth as DetectionTruth };
  });
}

async function* mapsOf(dataset: Dataset<SemanticTruth>, images: number): AsyncGenerator<Sample<SemanticTruth>> {
  for (let i = 0; i < Math.min(images, dataset.size); i++) yield await dataset.get(i);
}

const isObject = ({ truth }: LabelledImage<DetectionTruth>): number =>
  truth.ignored.filter((value) => value === 0).length;

async function expectPerfectBoxes(dataset: Dataset<DetectionTruth>, images: number, encoder = LITE0) {
  const labelled = boxesOf(dataset, images);
  const { report, truths, unmatched } = await roundTripDetection(labelled, { labels: dataset.labels, encoder });
  for (const number of [report.AP, report.AP50, report.AP75, report.AR100, report.VOC07, report.VOC10]) {
    expect(number).toBeCloseTo(1, 12); // the reference adds 2 ** -52 to the divisor
  }
  expect(truths + unmatched.length).toBe(labelled.reduce((sum, image) => sum + isObject(image), 0));
  expect(truths).toBeGreaterThan(0);
  return unmatched;
}

async function expectPerfectMaps(dataset: Dataset<SemanticTruth>, images: number, multiple = 128) {
  const report = await roundTripSegmentation(mapsOf(dataset, images), { labels: dataset.labels, multiple });
  expect([report.mIoU, report.pixelAccuracy, report.dice]).toEqual([1, 1, 1]);
  expect(report.pixels).toBeGreaterThan(0);
  return report;
}

describe('boxes come back perfect from', () => {
  it.each(['train', 'val'])('drawn cells as COCO, %s', async (split) => {
    const annotations = `annotations/${split}.json`;
    const dataset = await openCoco({ root, annotations, images: 'images', task: 'detection' });
    expect(await expectPerfectBoxes(dataset, dataset.size)).toEqual([]);
    expect(await expectPerfectBoxes(dataset, dataset.size, D0)).toEqual([]);
  });

  it.each(['train', 'val'])('drawn cells as PASCAL VOC, %s', async (split) => {
    const dataset = await openVoc({ root: join(root, 'VOC'), split, task: 'detection' });
    expect(await expectPerfectBoxes(dataset, dataset.size)).toEqual([]);
  });

  describe.skipIf(dataMissing)(`real images (${dataMissing ?? 'here'})`, () => {
    it.each(['train', 'val', 'test'])('BCCD, %s', async (split) => {
      const classes = ['RBC', 'WBC', 'Platelets'];
      const dataset = await openVoc({ root: dataPath('bccd'), split, task: 'detection', classes });
      expect(await expectPerfectBoxes(dataset, all ? dataset.size : 40)).toEqual([]);
    });

    it.each([
      ['EfficientDet-Lite0', LITE0, ['164 bowl', '540 truck', '643 book']],
      ['EfficientDet-D0', D0, ['149 person', '643 book', '643 book', '643 book']],
    ] as const)('coco128 with the anchors of %s', async (_, encoder, missing) => {
      const annotations = 'annotations/instances_train2017_first128.json';
      const dataset = await openCoco({
        root: dataPath('coco128'),
        annotations,
        images: 'train2017',
        task: 'detection',
      });
      const unmatched = await expectPerfectBoxes(dataset, all ? dataset.size : 16, encoder);
      const listed = unmatched.map(({ image, label }) => `${Number(image.slice(-16, -4))} ${label}`);
      expect(listed).toEqual(all ? missing : []);
    });
  });
});

describe('masks of objects come back perfect from', () => {
  it('drawn cells as COCO, polygons and run lengths; coarser masks lose what is between their points', async () => {
    const data = { kind: 'coco', root, images: 'images', train: 'annotations/train.json', val: null } as const;
    const dataset = await openData(data, 'instances', { split: 'train' });
    const { labels } = dataset as NonNullable<typeof dataset>;
    const { report, truths, lost } = await roundTripInstances(dataset ?? [], { labels });
    expect(lost).toEqual([]);
    expect(truths).toBeGreaterThan(50);
    expect([report.AP, report.AP50, report.boxAP, report.AR100]).toEqual([1, 1, 1, 1]);
    const coarse = await roundTripInstances(dataset ?? [], { labels, maskStride: 4 });
    expect(coarse.report.AP50).toBeGreaterThan(0.95);
    expect(coarse.report.AP).toBeLessThan(0.95);
  });

  it.skipIf(dataMissing)('nuclei of one mask each', async () => {
    const folders = readdirSync(dataPath('dsb2018_nuclei', 'stage1_train')).sort();
    for (const name of all ? folders : folders.slice(0, 3)) {
      const data = { kind: 'instances', root: dataPath('dsb2018_nuclei', 'stage1_train', name), val: null } as const;
      const dataset = await openData(data, 'instances', { split: 'train' });
      const { labels } = dataset as NonNullable<typeof dataset>;
      const { report, lost } = await roundTripInstances(dataset ?? [], { labels });
      expect([report.AP, lost]).toEqual([1, []]);
    }
  });
});

describe('class maps come back perfect from', () => {
  it('drawn cells as COCO', async () => {
    const annotations = 'annotations/train.json';
    const dataset = await openCoco({ root, annotations, images: 'images', task: 'segmentation' });
    const report = await expectPerfectMaps(dataset, dataset.size);
    expect(report).toMatchObject({ presentClasses: 4, pixels: dataset.size * 320 * 240 });
  });

  it('drawn cells as palette masks, without the ignored pixels', async () => {
    const dataset = await openVoc({ root: join(root, 'VOC'), split: 'train', task: 'segmentation' });
    const report = await expectPerfectMaps(dataset, dataset.size);
    expect(report.presentClasses).toBe(4);
    let labelled = 0;
    for await (const { truth } of dataset) labelled += truth.mask.filter((value) => value !== IGNORED).length;
    expect(report.pixels).toBe(labelled);
    expect(labelled).toBeLessThan(dataset.size * 320 * 240);
  });

  describe.skipIf(dataMissing)(`real images (${dataMissing ?? 'here'})`, () => {
    it('coco128', async () => {
      const annotations = 'annotations/instances_train2017_first128.json';
      const open = { root: dataPath('coco128'), annotations, images: 'train2017', task: 'segmentation' } as const;
      const dataset = await openCoco(open);
      expect(dataset.labels.classes).toHaveLength(81);
      await expectPerfectMaps(dataset, all ? dataset.size : 4);
    });

    it('ISBI 2012', async () => {
      const dataset = await openMasks({
        root: dataPath('isbi2012_em'),
        images: 'train/image/*.png',
        masks: 'train/label/*.png',
        split: '0-29',
        classes: ['membrane', 'cell'],
        values: { 0: 'membrane', 255: 'cell' },
      });
      await expectPerfectMaps(dataset, all ? dataset.size : 4, 32);
    });

    it('axons in electron micrographs, with stray mask values', async () => {
      const dataset = await openMasks({
        root: dataPath('axon_sem'),
        images: 'sub-*/micr/*_SEM.png',
        masks: 'derivatives/labels/sub-*/micr/*_SEM_seg-axonmyelin-manual.png',
        split: all ? ['sub-*/**'] : ['sub-rat1/**', 'sub-rat6/**'],
        classes: ['background', 'myelin', 'axon'],
        values: { 0: 'background', 127: 'myelin', 128: 'myelin', 255: 'axon' },
        otherValues: 'ignore',
      });
      await expectPerfectMaps(dataset, dataset.size, 32);
    });
  });
});

const labels = {
  classes: [
    { id: 1, name: 'disc' },
    { id: 2, name: 'speck' },
  ],
};

function truthOf(boxes: readonly (readonly number[])[], classes: readonly number[]): DetectionTruth {
  return {
    kind: 'boxes',
    boxes: Float64Array.from(boxes.flat()),
    labels: Int32Array.from(classes),
    ignored: new Uint8Array(boxes.length),
    areas: Float64Array.from(boxes, ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => (x2 - x1) * (y2 - y1)),
  };
}

describe('roundTripDetection', () => {
  it('lists the object whose place another one took, and leaves it out', async () => {
    const truth = truthOf(
      [
        [20, 30, 60, 70],
        [20, 30, 60, 70],
        [100, 90, 110, 99],
      ],
      [0, 1, 1],
    );
    const images = [{ id: 'a.png', image: { width: 150, height: 130 }, truth }];
    const { report, truths, unmatched } = await roundTripDetection(images, { labels, encoder: LITE0 });
    expect(unmatched).toEqual([{ image: 'a.png', label: 'speck', box: [20, 30, 60, 70] }]);
    expect(truths).toBe(2);
    expect(report.AP).toBeCloseTo(1, 12);
  });

  it('falls below 1 where the answer cannot be complete: more objects than the evaluator looks at', async () => {
    const boxes = Array.from({ length: 125 }, (_, i) => {
      const [x, y] = [(i % 25) * 40, Math.floor(i / 25) * 40];
      return [x + 4, y + 4, x + 36, y + 36];
    });
    const truth = truthOf(
      boxes,
      Array.from({ length: 125 }, () => 0),
    );
    const images = [{ id: 'many.png', image: { width: 1000, height: 200 }, truth }];
    const { report, truths } = await roundTripDetection(images, { labels, encoder: LITE0 });
    expect(truths).toBe(125);
    expect(report.AR100).toBeCloseTo(0.8, 12);
    expect(report.AP).toBeCloseTo(81 / 101, 12); // recalls 0, 0.01, ..., 0.80
  });

  it('counts no ignored object, neither as found nor as missing', async () => {
    const truth = {
      ...truthOf(
        [
          [10, 10, 40, 40],
          [60, 60, 120, 120],
        ],
        [0, 0],
      ),
      ignored: Uint8Array.of(0, 1),
    };
    const images = [{ id: 'a.png', image: { width: 128, height: 128 }, truth }];
    const { report, truths, unmatched } = await roundTripDetection(images, { labels, encoder: LITE0 });
    expect([truths, unmatched]).toEqual([1, []]);
    expect(report.AP).toBeCloseTo(1, 12);
  });

  it('answers nothing to a data set without images', async () => {
    const { report, truths, unmatched } = await roundTripDetection([], { labels, encoder: LITE0 });
    expect([report.AP, truths, unmatched]).toEqual([null, 0, []]);
  });
});

describe('roundTripSegmentation', () => {
  it('refuses logits beyond 2 GiB before it makes them', async () => {
    const classes = Array.from({ length: 200 }, (_, id) => ({ id, name: `${id}` }));
    const truth: SemanticTruth = { kind: 'classMap', mask: new Uint8Array(2048 * 2048), width: 2048, height: 2048 };
    const images = [{ id: 'vast.png', image: { width: 2048, height: 2048 }, truth }];
    const work = roundTripSegmentation(images, { labels: { classes }, multiple: 32 });
    await expect(work).rejects.toThrow('vast.png: logits of 2048 x 2048 x 200 classes take more than 2 GiB');
  });

  it('has no score for nothing', async () => {
    const report = await roundTripSegmentation([], { labels, multiple: 32 });
    expect(report.mIoU).toBeNull();
  });
});

describe('the same through the tensors of a head', () => {
  const features = (strides: readonly number[]) =>
    Object.fromEntries(strides.map((stride, i) => [`P${i + 3}`, { channels: 1, stride, tap: 'made up' }])) as {
      readonly [K in 'P3' | 'P4' | 'P5' | 'P6' | 'P7']: { channels: number; stride: number; tap: string };
    };

  it('a batch of two images of cells comes back as boxes', async () => {
    const dataset = await openVoc({ root: join(root, 'VOC'), split: 'train', task: 'detection' });
    const inputSize = [256, 384] as const;
    const config = retinaConfig.parse({ kind: 'retina', anchors: { anchorScale: 3 } });
    const spec = features(LITE0.strides);
    const decode = { iouThreshold: 0.99, scoreThreshold: 0.5 };
    const { anchors } = config;
    const head = createRetinaHead({ classes: 3, inputSize, repeats: 0, anchors, decode }, spec);
    const encoder = createRetinaEncoder(encoderConfigOf(config, spec, inputSize));
    const pair = boxesOf(dataset, 2);
    const rows = pair.map(({ truth }) => {
      const targets = allocateTargets(encoder.targets);
      encoder.encode(truth, targets);
      return targets;
    });
    const raw = tf.tidy(() => {
      const classes = tf.stack(rows.map(({ classes }) => tf.tensor1d(classes, 'int32')));
      const hot = tf.oneHot(classes as tf.Tensor2D, 3);
      const logits = tf.sub(tf.mul(tf.cast(hot, 'float32'), 40), 20) as tf.Tensor3D;
      const boxes = rows.map(({ boxes }) => tf.tensor2d(boxes, [boxes.length / 4, 4]));
      return { logits, offsets: tf.stack(boxes) as tf.Tensor3D };
    });
    const placement = { width: 320, height: 240, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
    const answers = await head.decode(raw, [placement, placement]);
    const evaluator = createDetectionEvaluator({ labels: dataset.labels });
    pair.forEach(({ id, truth }, i) => {
      evaluator.add(id, truth, answers[i]!);
    });
    expect(evaluator.report().AP).toBeCloseTo(1, 12);
    tf.dispose(raw);
    head.dispose();
  });

  it('a batch of two images of cells comes back as class maps', async () => {
    const dataset = await openVoc({ root: join(root, 'VOC'), split: 'train', task: 'segmentation' });
    const options = { classes: 4, inputSize: [240, 320], channels: 1 } as const;
    const head = createSemanticHead(options, { P1: { channels: 1, stride: 1, tap: 'made up' } });
    const pair = [await dataset.get(0), await dataset.get(1)];
    const logits = tf.tidy(() => {
      const masks = pair.map(({ truth }) => tf.tensor2d(truth.mask, [240, 320], 'int32'));
      return tf.cast(tf.oneHot(tf.stack(masks) as tf.Tensor3D, 4), 'float32') as tf.Tensor4D;
    });
    const placement = { width: 320, height: 240, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
    const answers = await head.decode(logits, [placement, placement]);
    const evaluator = createSemanticEvaluator({ labels: dataset.labels });
    pair.forEach(({ id, truth }, i) => {
      evaluator.add(id, truth, answers[i]!);
    });
    expect(evaluator.report().mIoU).toBe(1);
    logits.dispose();
    head.dispose();
  });
});
