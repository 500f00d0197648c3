import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COCOeval, CocoFile, type IouType } from '../../src/index.js';
import { dataMissing, dataPath } from '../goldens.js';

const missing = dataMissing('cocoapi_eval', 'EXPECTED.json');

test.skipIf(missing).each(['bbox', 'segm'] as const)(
  `reproduces the official COCO API example, %s${missing ?? ''}`,
  async (type: IouType) => {
    const read = <T>(name: string): T => JSON.parse(readFileSync(dataPath('cocoapi_eval', name), 'utf8')) as T;
    const expected = read<Record<string, { dt: string; stats: Record<string, number> }>>('EXPECTED.json')[type]!;
    const gt = await CocoFile.open(dataPath('cocoapi_eval', 'instances_val2014_100.json'));
    const dt = gt.loadRes(dataPath('cocoapi_eval', expected.dt));
    const evaluation = new COCOeval(gt, dt, type);
    evaluation.evaluate();
    evaluation.accumulate();
    evaluation.summarize();
    expect([...evaluation.stats]).toEqual(Object.values(expected.stats));
  },
);
