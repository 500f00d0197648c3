import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COCO, COCOeval, CocoFile, type Dataset, FormatError } from '../src/index.js';

const data: Dataset = {
  images: [{ id: 1, width: 20, height: 20 }],
  categories: [{ id: 3, name: 'cat' }],
  annotations: [{ id: 1, image_id: 1, category_id: 3, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 }],
};
const found = [{ image_id: 1, category_id: 3, bbox: [0, 0, 10, 9], score: 0.5 }];
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function evaluated(gt: CocoFile | COCO, dt: CocoFile | COCO): COCOeval {
  const evaluation = new COCOeval(gt, dt, 'bbox');
  evaluation.evaluate();
  evaluation.accumulate();
  evaluation.summarize();
  return evaluation;
}

describe('CocoFile', () => {
  test('makes objects that are changed without changing it', async () => {
    const file = await CocoFile.open(bytes(data));
    const first = file.toObjects();
    first.dataset.annotations![0]!.bbox = [5, 5, 1, 1];
    first.dataset.images!.length = 0;
    expect(file.toObjects().dataset).toEqual(data);
    expect(file.imageIds()).toEqual([1]);
    expect(file.cats.get(3)?.name).toBe('cat');
  });

  test('is evaluated to the bit as objects are, and with objects on the other side', async () => {
    const file = await CocoFile.open(bytes(data));
    const objects = await COCO.load(bytes(data));
    const results = [file.loadRes(bytes(found)), objects.loadRes(bytes(found)), objects.loadRes(found)];
    expect(file.loadRes(bytes(found)).columns?.table.count).toBe(1);
    expect(file.loadRes(found).columns).toBeNull();
    // IoU 0.9: found at nine of ten thresholds.
    for (const gt of [file, objects]) for (const dt of results) expect(evaluated(gt, dt).stats[0]).toBeCloseTo(0.9, 12);
  });

  test('says what is wrong when it is opened', async () => {
    await expect(CocoFile.open(bytes([]))).rejects.toThrow('a COCO file is an object');
    await expect(CocoFile.open(bytes({ annotations: [{ image_id: 'x' }] }))).rejects.toThrow('has no id');
    const broken = { ...data, annotations: [{ ...data.annotations![0]!, image_id: 7 }] };
    await expect(CocoFile.open(bytes(broken), { strict: true })).rejects.toThrow(FormatError);
    expect((await CocoFile.open(bytes(broken))).columns?.table.count).toBe(1);
  });
});

test('matchings that were looked at change nothing, those that were assigned count', async () => {
  const file = await CocoFile.open(bytes(data));
  const evaluation = evaluated(file, file.loadRes(bytes(found)));
  const { evalImgs } = evaluation;
  for (const cell of evalImgs) cell?.dtMatches.fill(0);
  evaluation.accumulate();
  evaluation.summarize();
  expect(evaluation.stats[0]).toBeCloseTo(0.9, 12);
  evaluation.evalImgs = evalImgs;
  evaluation.accumulate();
  evaluation.summarize();
  expect(evaluation.stats[0]).toBe(0);
});

test.each([
  ['little-endian with its mark', [0xff, 0xfe], false],
  ['big-endian with its mark', [0xfe, 0xff], true],
  ['little-endian without', [], false],
] as const)('UTF-16, %s, is read as the same text', async (_name, mark, isBig) => {
  const named = { ...data, categories: [{ id: 3, name: 'k\u00e4fer' }] };
  const text = Buffer.from(JSON.stringify(named), 'utf16le');
  const wide = new Uint8Array([...mark, ...(isBig ? text.swap16() : text)]);
  expect((await CocoFile.open(wide)).cats.get(3)?.name).toBe('k\u00e4fer');
  const path = join(mkdtempSync(join(tmpdir(), 'utf16-')), 'a.json');
  writeFileSync(path, wide);
  expect((await COCO.load(path)).dataset).toEqual(named);
  expect((await CocoFile.open(path)).imageIds()).toEqual([1]);
  await expect(COCO.load(new Uint8Array([0xff, 0xfe, 0x7b]))).rejects.toThrow(
    'begins as utf-16le and cannot be read as that: save it as UTF-8',
  );
});
