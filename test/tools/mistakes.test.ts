import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';
import { expectRefusal, runProgram } from './program.js';

/** A person's mistakes: each gives one sentence and status 1 or 2, and leaves no run behind. */

let folder: string;
const coco = (root: string): string => `task: detection
data: { kind: coco, badRecords: error, root: ${root}, images: images, train: annotations/train.json, val: annotations/val.json }
model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }
train: { epochs: 1, batchSize: 2, workers: 1 }
`;
const voc = (root: string): string =>
  coco(root).replace(/data: .*/, `data: { kind: voc, badRecords: error, root: ${root}/VOC }`);
const masks = (root: string): string => `task: segmentation
data: { kind: masks, badRecords: error, root: ${root}/VOC, images: JPEGImages/*.png, masks: SegmentationClass/*.png, train: 0-1, val: 2-2, classes: [background, speck] }
model: { backbone: tf_efficientnet_lite0, inputSize: [64, 64] }
train: { epochs: 1, batchSize: 2, workers: 1 }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-mistakes-'));
  await drawCells({ out: join(folder, 'good'), images: 5, seed: 3 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Annotations {
  images: { file_name: string }[];
  annotations: { category_id: number }[];
}

function editJson(path: string, edit: (value: Annotations) => void): void {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Annotations;
  edit(value);
  writeFileSync(path, JSON.stringify(value));
}

function editText(path: string, edit: (text: string) => string): void {
  writeFileSync(path, edit(readFileSync(path, 'utf8')));
}

const firstOf = (path: string): string => join(path, readdirSync(path).sort()[0] as string);
const train = (name: string): string => join(folder, name, 'annotations/train.json');
const firstImage = (name: string): string => {
  const [image] = (JSON.parse(readFileSync(train(name), 'utf8')) as Annotations).images;
  return join(folder, name, 'images', image?.file_name ?? '');
};

interface Mistake {
  readonly mistake: string;
  readonly config: (root: string) => string;
  readonly make: (name: string) => void;
  readonly says: RegExp;
}

const DATA_MISTAKES: readonly Mistake[] = [
  {
    mistake: 'a missing image',
    config: coco,
    make: (name) => unlinkSync(firstImage(name)),
    says: /\d+\.png \(no such image/,
  },
  {
    mistake: 'an image that is cut off',
    config: coco,
    make: (name) => writeFileSync(firstImage(name), readFileSync(firstImage(name)).subarray(0, 700)),
    says: /images\/\d+\.png/,
  },
  {
    mistake: 'an annotation of a class that does not exist',
    config: coco,
    make: (name) =>
      editJson(train(name), ({ annotations: [first] }) => Object.assign(first ?? {}, { category_id: 77 })),
    says: /train\.json.*categories that the file does not list/,
  },
  {
    mistake: 'a file name that leaves the data folder',
    config: coco,
    make: (name) =>
      editJson(train(name), ({ images: [first] }) => Object.assign(first ?? {}, { file_name: '../../../etc/passwd' })),
    says: /no such image below/,
  },
  {
    mistake: 'an XML file with an entity bomb',
    config: voc,
    make: (name) =>
      editText(firstOf(join(folder, name, 'VOC/Annotations')), (text) => {
        const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>';
        return text.replace('<annotation>', `${bomb}<annotation>`);
      }),
    says: /0000\.xml \(has a document type declaration/,
  },
  {
    mistake: 'a mask with values outside the table',
    config: masks,
    make: () => {},
    says: /SegmentationClass\/\d+\.png/,
  },
];

describe.each(DATA_MISTAKES)('$mistake', ({ mistake, config, make, says }) => {
  it('is one sentence', () => {
    const name = mistake.replace(/\W+/g, '-');
    cpSync(join(folder, 'good'), join(folder, name), { recursive: true });
    make(name);
    writeFileSync(join(folder, `${name}.yaml`), config(join(folder, name)));
    const out = join(folder, `run-${name}`);
    const outcome = runProgram(folder, ['train', `${name}.yaml`, '--engine', 'wasm', '--out', out]);
    expectRefusal(outcome, 1, says);
    const half = existsSync(out) ? readdirSync(join(out, 'checkpoints')) : [];
    expect(half).toEqual([]);
  });
});

describe('wrong use', () => {
  beforeAll(() => writeFileSync(join(folder, 'good.yaml'), coco(join(folder, 'good'))));

  it('an engine that does not exist', () => {
    const outcome = runProgram(folder, ['train', 'good.yaml', '--engine', 'cuda']);
    expectRefusal(outcome, 2, /cuda.*tensorflow, wasm/);
  });

  it('a checkpoint of other classes', () => {
    const out = join(folder, 'classes');
    expect(runProgram(folder, ['train', 'good.yaml', '--engine', 'wasm', '--no-plots', '--out', out]).status).toBe(0);
    const other = join(folder, 'renamed');
    cpSync(join(folder, 'good'), other, { recursive: true });
    for (const split of ['train', 'val']) {
      editText(join(other, `annotations/${split}.json`), (text) => text.replace('"disc"', '"platelet"'));
    }
    const outcome = runProgram(folder, ['evaluate', out, '--data', other, '--engine', 'wasm']);
    expectRefusal(outcome, 1, /classes that no training image has.*platelet/);
  });

  const small = mkdtempSync(join(tmpdir(), 'espalier-full-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync('umount', [small]);
    rmSync(small, { recursive: true, force: true });
  });

  it.skipIf(!mounted)('a full disk (skipped where a small file system cannot be mounted)', () => {
    const outcome = runProgram(folder, [
      'train',
      'good.yaml',
      '--engine',
      'wasm',
      '--no-plots',
      '--out',
      join(small, 'run'),
    ]);
    expectRefusal(outcome, 1, /space|full/i);
    expect(readdirSync(join(small, 'run/checkpoints'))).toEqual([]);
  });

  it('an output folder that cannot be written', () => {
    mkdirSync(join(folder, 'plain'));
    writeFileSync(join(folder, 'plain/file'), '');
    const outcome = runProgram(folder, ['train', 'good.yaml', '--engine', 'wasm', '--out', 'plain/file/run']);
    expectRefusal(outcome, 1, /plain\/file/);
  });
});
