import { describe, expect, it } from 'vitest';
import { describeRun } from '../../../configs/describe.js';
import type { Run } from '../../../configs/run.js';
import { caseStatistics } from '../../../datasets/caseStatistics.js';
import type { ClassMap, Pixels } from '../../../datasets/sample.js';
import { FORMATS } from '../../../deploy/formats.js';
import { openModel } from '../../../deploy/host/predict.js';
import type { Model } from '../../../heads/index.js';
import { createPredictor } from '../../../training/predictor.js';
import { writeZip } from '../../../weights/bytes/zipWriter.js';
import { hasOnnxRuntime } from '../onnxRuntime.js';
import { buildNetwork, SIZE } from '../smallNetwork.js';

/** Hounsfield units: air and tissue, [height, width, 3], not of the input's aspect. */
function scan(create: (values: readonly number[]) => Int16Array | Float32Array): Pixels {
  const [width, height] = [50, 70];
  const values = Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return x < 10 ? -1000 : 90 * Math.sin(x * 0.3 + (i % 3)) + 300 * Math.cos(y * 0.11);
  });
  const data = create(values);
  return { data, width, height, statistics: caseStatistics(data, { width, height, depth: 1, channels: 3 }) };
}

const three = <T>(value: T): readonly T[] => [value, value, value];
const PREPROCESSING = {
  'ct, clipped to a window': { mean: three(40), std: three(400), clip: three([-160, 240] as const) },
  'z-scores of the case': { mean: three(0), std: three(1), perImage: 'zscore' },
  'percentiles of the case': { mean: three(127.5), std: three(127.5), perImage: 'percentile' },
} as const;

describe('a network of images at their own depth, exported', () => {
  it.each(Object.keys(PREPROCESSING) as (keyof typeof PREPROCESSING)[])(
    'answers as the engine does: %s',
    async (rule) => {
      const model = buildNetwork('semantic');
      model.preprocessing = { ...model.preprocessing, depth: 'own', ...PREPROCESSING[rule] };
      const run = {
        network: { model, inputSize: SIZE, fit: 'letterbox' },
        experiment: {
          task: 'segmentation',
          evaluate: { drawThreshold: 0.5 },
          model: { backbone: { arch: 'a' }, neck: { kind: 'bifpn' }, head: { kind: 'semantic' }, weights: null },
        },
        labels: { classes: ['a', 'b', 'c'].map((name, id) => ({ id, name })) },
        step: 1,
      } as unknown as Run; // what of a run is described
      if (!model.exported) throw new Error('not exported');
      const asked = { batch: 1, precision: 'f32', licence: null, producer: 'espalier 1' } as const;
      const description = describeRun(run, model.exported.reading, asked);
      const own = model as unknown as Model<unknown>;
      const archive = writeZip(await FORMATS.bundle.write({ model: own, description, nms: 'none', batch: 1 }));
      const predictor = createPredictor(model, { inputSize: SIZE, mode: 'letterbox', multiple: 32, batchSize: 1 });
      for (const create of [Int16Array, Float32Array]) {
        const image = scan((values) => create.from(values));
        const [wanted] = (await predictor.predict([image])) as [ClassMap];
        expect(new Set(wanted.mask).size).toBeGreaterThan(1);
        for (const runtime of hasOnnxRuntime
          ? (['tfjs-wasm', 'onnxruntime-node'] as const)
          : (['tfjs-wasm'] as const)) {
          const opened = await openModel(archive, { runtime, task: 'segmentation' });
          const found = await opened.predict(image);
          const differing = wanted.mask.filter((label, i) => label !== found.mask[i]).length;
          expect([found.width, found.height]).toEqual([50, 70]);
          expect(differing).toBeLessThanOrEqual(2); // of 3500: classes whose scores are equal but for the last digit
          await opened.dispose();
        }
      }
      predictor.dispose();
      model.dispose();
    },
  );

  it('answers as the engine does, of images that are resampled to its spacing', async () => {
    const model = buildNetwork('semantic');
    const spacing = [0.9, 1.2] as const;
    model.preprocessing = { ...model.preprocessing, depth: 'own', mean: three(40), std: three(400), spacing };
    const run = {
      network: { model, inputSize: SIZE, fit: 'native' },
      experiment: {
        task: 'segmentation',
        evaluate: { drawThreshold: 0.5 },
        model: { backbone: { arch: 'a' }, neck: { kind: 'bifpn' }, head: { kind: 'semantic' }, weights: null },
      },
      labels: { classes: ['a', 'b', 'c'].map((name, id) => ({ id, name })) },
      step: 1,
    } as unknown as Run; // what of a run is described
    if (!model.exported) throw new Error('not exported');
    const asked = { batch: 1, precision: 'f32', licence: null, producer: 'espalier 1' } as const;
    const description = describeRun(run, model.exported.reading, asked);
    expect(description.input.spacing).toEqual(spacing);
    const own = model as unknown as Model<unknown>;
    const archive = writeZip(await FORMATS.bundle.write({ model: own, description, nms: 'none', batch: 1 }));
    const opened = await openModel(archive, { runtime: 'tfjs-wasm', task: 'segmentation' });
    const predictor = createPredictor(model, { inputSize: SIZE, mode: 'native', multiple: 32, batchSize: 1 });
    const image = { ...scan((values) => Int16Array.from(values)), spacing: [0.8, 2] as const };
    const [wanted] = (await predictor.predict([image])) as [ClassMap];
    const found = await opened.predict(image);
    expect(new Set(wanted.mask).size).toBeGreaterThan(1);
    expect([found.width, found.height]).toEqual([50, 70]);
    expect(wanted.mask.filter((label, i) => label !== found.mask[i]).length).toBeLessThanOrEqual(2);
    await opened.dispose();
    predictor.dispose();
    model.dispose();
  });
});
