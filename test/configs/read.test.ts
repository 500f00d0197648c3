import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExperiment, type ReadOptions, readExperiment } from '../../configs/read.js';
import { ConfigError } from '../../engine/errors.js';
import { dataMissing, dataPath } from '../data.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-config-'));
  mkdirSync(join(folder, 'cells/ImageSets/Main'), { recursive: true });
  for (const split of ['train', 'val']) writeFileSync(join(folder, `cells/ImageSets/Main/${split}.txt`), 'a\n');
  writeFileSync(join(folder, 'cells/train.json'), '{}');
  writeFileSync(join(folder, 'cells/val.json'), '{}');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string): string {
  const file = join(folder, 'c.yaml');
  writeFileSync(file, text);
  return file;
}

/** The message of the ConfigError, without the folder. */
function problem(text: string, options?: ReadOptions): string {
  const file = write(text);
  try {
    readExperiment(file, options);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.replaceAll(`${folder}/`, '');
  }
  throw new Error('the config was accepted');
}

const VOC = 'data: { kind: voc, root: cells, classes: [a] }\n';

describe('a config that is right', () => {
  it('gets the defaults for what it does not name, and an absolute root beside itself', () => {
    const alive = Object.keys(tf.engine().registeredVariables).length;
    const { data, ...rest } = readExperiment(write(VOC));
    expect(Object.keys(tf.engine().registeredVariables)).toHaveLength(alive); // its parts were tried, and freed
    const { data: defaults, ...restOfDefaults } = parseExperiment({}, 'the test');
    expect(rest).toEqual(restOfDefaults);
    expect(data).toEqual({ ...defaults, kind: 'voc', root: join(folder, 'cells'), classes: ['a'], images: null });
  });

  it('is overridden by --set, whose values are YAML', () => {
    const set = ['train.epochs=3', 'model.inputSize=[64, 96]', 'train.ema=null', 'train.epochs=4'];
    const { train, model } = readExperiment(write(VOC), { set });
    expect(train).toMatchObject({ epochs: 4, ema: null });
    expect(model.inputSize).toEqual([64, 96]);
  });

  it('is overridden by --data, which may name a folder the file does not know', () => {
    const { data } = readExperiment(write('data: { kind: voc, root: gone, classes: [a] }'), {
      data: join(folder, 'cells'),
    });
    expect(data.root).toBe(join(folder, 'cells'));
  });
});

describe('a head that is named by a text', () => {
  it.each([
    ['retina', 'detection', 'retina'],
    ['detection', 'detection', 'retina'],
    ['fcos', 'detection', 'fcos'],
    ['aligned', 'detection', 'aligned'],
    ['instance', 'instances', 'instance'],
    ['instances', 'instances', 'instance'],
    ['semantic', 'segmentation', 'semantic'],
    ['segmentation', 'segmentation', 'semantic'],
    ['unet', 'segmentation', 'semantic-decoder'],
  ])('%s is of its task, also beside a short key', (head, task, kind) => {
    const { task: found, model } = parseExperiment({ model: { head, dropPath: 0.1 } }, 'the test');
    expect([found, model.head.kind, model.backbone.dropPath]).toEqual([task, kind, 0.1]);
  });
});

describe('a config that is wrong says where, what and the nearest right thing', () => {
  it.each([
    [
      'an unknown key',
      `${VOC}train:\n  batchSise: 8\n`,
      "c.yaml:3:3: unknown key 'train.batchSise'; did you mean 'batchSize'?",
    ],
    ['an unknown section', 'trian: {}\n', "c.yaml:1:1: unknown key 'trian'; did you mean 'train'?"],
    [
      'a key of another section',
      'model: { optimizer: sgd }\n',
      "c.yaml:1:10: unknown key 'model.optimizer'; it belongs to another section: train.optimizer",
    ],
    ['a text for a number', 'train:\n  epochs: many\n', 'c.yaml:2:11: train.epochs: expected a number, found "many"'],
    [
      'a fraction for a count',
      'train: { epochs: 1.5 }\n',
      'c.yaml:1:18: train.epochs: expected a whole number, found 1.5',
    ],
    [
      'a number out of range',
      'train: { learningRate: -1 }\n',
      'c.yaml:1:24: train.learningRate: expected more than 0, found -1',
    ],
    [
      'a wrong choice',
      'task: segmentatoin\n',
      'c.yaml:1:7: task: found "segmentatoin"; did you mean \'segmentation\'?',
    ],
    [
      'a wrong choice unlike any',
      'data: { kind: pickle }\n',
      'c.yaml:1:15: data.kind: found "pickle"; choose one of auto, medical, coco, coco-panoptic, voc, yolo, kitti, labelme, supervisely, cvat, datumaro, createml, label-studio, imagefolder, via, csv, instances, masks, folders, module',
    ],
    [
      'one side of two',
      'model: { inputSize: [320] }\n',
      'c.yaml:1:21: model.inputSize: expected at least 2 values, found [320]',
    ],
    [
      'a side that is no multiple',
      'model: { inputSize: [320, 330] }\n',
      'c.yaml:1:27: input sides are multiples of 32 pixels: 320 instead of 330',
    ],
    ['a scalar for a section', 'train: 5\n', 'c.yaml:1:8: train: expected a map such as { key: value }, found 5'],
    ['a key twice', 'task: detection\ntask: detection\n', "c.yaml:2:1: 'task' is written twice in one map"],
    ['broken YAML', 'train: { epochs: 5\n', /^c\.yaml:2:1: Flow map .*end with a }$/],
    [
      'two documents',
      'task: detection\n---\ntask: segmentation\n',
      'c.yaml:3:1: one experiment per file: put the second one into its own',
    ],
    ['a list', '- task\n', 'c.yaml:1:1: expected a map such as task: detection'],
    [
      'an unknown backbone',
      `${VOC}model: { backbone: tf_efficientnet_b9 }\n`,
      'c.yaml:2:20: model.backbone.arch: found "tf_efficientnet_b9"; did you mean \'tf_efficientnet_b0\'?',
    ],
    [
      'a neck that lacks maps',
      `${VOC}model: { backbone: vit_tiny_patch16_224 }\n`,
      /^c\.yaml:2:\d+: vit_tiny_patch16_224: BiFPN needs P3, the backbone gives P4: only .*; a simple-pyramid makes finer ones$/,
    ],
    [
      'a neck that there is not',
      `${VOC}model: { preset: efficientdet-lite0, neck: fpm }\n`,
      'c.yaml:2:44: model.neck.kind: found "fpm"; did you mean \'fpn\'?',
    ],
    [
      'cells of a neck without',
      `${VOC}model: { backbone: resnet18, neck: simple-pyramid, neckRepeats: 2 }\n`,
      /^c\.yaml:2:\d+: unknown key 'model\.neck\.repeats'/,
    ],
    [
      'a size of image that the backbone does not take',
      `${VOC}model: { backbone: efficientformer_l1, inputSize: [320, 320] }\n`,
      'c.yaml:2:51: efficientformer_l1 takes images of 224 x 224 pixels alone: write inputSize: [224, 224]',
    ],
    [
      'an unknown preset',
      `${VOC}model: { preset: efficientdet-lite9 }\n`,
      'c.yaml:2:18: model.preset: found "efficientdet-lite9"; did you mean \'efficientdet-lite0\'?',
    ],
    [
      'unknown weights',
      `${VOC}model: { weights: efficientnet-lit0 }\n`,
      "c.yaml:2:19: there are no weights 'efficientnet-lit0'; did you mean 'efficientnet-lite0'?",
    ],
    [
      'masks for boxes',
      'data: { kind: masks, images: i, masks: m, classes: [a], values: { 0: a } }\n',
      'c.yaml:1:15: detection: kind masks gives masks of objects and class maps, and boxes are learned from: use coco, voc, yolo, kitti, labelme, supervisely, cvat, datumaro, createml, label-studio, imagefolder, via, csv, instances',
    ],
    [
      'a value for an unknown class',
      'task: segmentation\ndata: { kind: masks, images: i, masks: m, classes: [cell], values: { 0: background, 1: cel } }\n',
      "c.yaml:2:88: 'cel' is not one of data.classes; did you mean 'cell'?",
    ],
    [
      'values of masks for boxes',
      'data: { kind: voc, root: cells, values: { 255: cell } }\n',
      "c.yaml:1:33: 'values' is a key of kind medical, masks: remove it, kind voc has none",
    ],
    [
      'more classes than a class map has',
      `task: segmentation\ndata: { kind: voc, root: cells, classes: [${Array.from({ length: 256 }, (_, i) => `c${i}`)}] }\n`,
      'c.yaml:2:42: 256 classes are more than the 255 that segmentation can tell apart: merge some of them',
    ],
    [
      'a head for another task',
      `task: detection\n${VOC}model: { head: semantic }\n`,
      'c.yaml:3:16: task detection needs a head such as retina, not semantic, which is for segmentation',
    ],
    [
      'scales the wrong way round',
      `${VOC}augment: { scale: [1.6, 0.7] }\n`,
      'c.yaml:2:19: the smaller scale comes first: [0.7, 1.6]',
    ],
    [
      'a missing split',
      'data: { kind: voc, root: cells, val: vall }\n',
      "c.yaml:1:38: 'cells/ImageSets/Main/vall.txt' does not exist; did you mean 'cells/ImageSets/Main/val.txt'?",
    ],
    [
      'a missing annotation file',
      'data: { kind: coco, root: cells, train: trian.json, val: val.json }\n',
      "c.yaml:1:41: 'cells/trian.json' does not exist; did you mean 'cells/train.json'?",
    ],
    [
      'a missing weight file',
      `${VOC}model: { weights: ./lite.safetensors }\n`,
      /^c\.yaml:2:19: '.*lite\.safetensors' does not exist/,
    ],
    ['a weight file of another name', 'data: { root: cellls }\n', /^c\.yaml:1:15: '.*cellls' does not exist/],
  ])('%s', (_name, text, expected) => {
    const message = problem(text);
    if (typeof expected === 'string') expect(message).toBe(expected);
    else expect(message).toMatch(expected);
  });

  it('all findings at once, each on its line', () => {
    const lines = problem('train: { epochs: a, batchSize: 0 }\nmodle: {}\n').split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^c\.yaml:[12]:\d+: /);
  });

  it('an override by its option', () => {
    expect(problem(VOC, { set: ['train.epochs=few'] })).toBe(
      '--set train.epochs: train.epochs: expected a number, found "few"',
    );
    expect(problem(VOC, { set: ['train.epoch=3'] })).toBe(
      "--set train.epoch: unknown key 'train.epoch'; did you mean 'epochs'?",
    );
    expect(problem(VOC, { set: ['epochs'] })).toMatch(/^--set epochs: write key\.path=value/);
    expect(problem(VOC, { set: ['__proto__.x=1'] })).toMatch(/^--set __proto__/);
    expect(problem(VOC, { data: join(folder, 'cell') })).toBe("--data: 'cell' does not exist; did you mean 'cells'?");
  });

  it('a file that is not there, and a folder', () => {
    expect(() => readExperiment(join(folder, 'none.yaml'))).toThrow(/none\.yaml: there is no such file/);
    expect(() => readExperiment(folder)).toThrow(ConfigError);
  });
});

describe('a hostile config', () => {
  it('is refused when aliases multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(problem(lines.join('\n'))).toMatch(/alias/i);
  });

  it('is refused when it nests without end', () => {
    expect(problem('['.repeat(100_000))).toMatch(/^c\.yaml:/);
  });

  it('is refused when it is large', () => {
    expect(problem(`# ${'x'.repeat(300_000)}\n`)).toMatch(/it has 300003 bytes, at most 262144 are read/);
  });

  it('names the first twenty of its mistakes, and how many more there are', () => {
    const keys = Array.from({ length: 5000 }, (_, i) => `k${i}: 1\n`).join('');
    const lines = (problem(keys) ?? '').split('\n');
    expect(lines).toHaveLength(21);
    expect([lines[19], lines[20]]).toEqual([
      expect.stringMatching(/^c\.yaml:20:1: unknown key 'k19'/),
      'and 4980 more findings',
    ]);
    expect(problem(`${keys}k7: 2\n`)).toBe("c.yaml:5001:1: 'k7' is written twice in one map");
    expect(problem('task: { toString: 1 }\n')).toMatch(/task: found \{"toString":1\}; choose one of/);
  });

  it('cannot reach prototypes', () => {
    expect(problem('__proto__: { polluted: 1 }\n')).toMatch(/unknown key '__proto__'/);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe.skipIf(dataMissing)(`the configs on real data${dataMissing ? ` (${dataMissing})` : ''}`, () => {
  const config = (name: string): string => new URL(`../../configs/${name}`, import.meta.url).pathname;

  it.each([
    ['bccd-lite0.yaml', 'bccd'],
    ['isbi-membrane.yaml', 'isbi2012_em'],
    ['axon-semantic.yaml', 'axon_sem'],
  ])('%s is read', (name, data) => {
    expect(readExperiment(config(name), { data: dataPath(data) }).data.root).toBe(dataPath(data));
  });

  it('a config in flow style, all on few lines, is read', () => {
    const file = write(
      [
        'task: segmentation',
        `data: { kind: masks, root: ${dataPath('isbi2012_em')}, images: train/image/*.png, masks: train/label/*.png, train: 0-23, val: 24-29, classes: [membrane, cell], values: { 0: membrane, 255: cell } }`,
        'model: { backbone: tf_efficientnet_lite0, neck: bifpn, head: semantic, weights: efficientnet-lite0, inputSize: [256, 256] }',
        'train: { epochs: 100, batchSize: 4, optimizer: adamw, learningRate: 0.001, seed: 1 }',
      ].join('\n'),
    );
    const { data, train } = readExperiment(file);
    expect(data).toMatchObject({ train: '0-23', values: { 0: 'membrane', 255: 'cell' } });
    expect(train).toMatchObject({ epochs: 100, batchSize: 4, learningRate: 0.001 });
  });
});
