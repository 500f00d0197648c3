import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Dataset } from '../../datasets/dataset.js';
import type { Placement } from '../../datasets/placement.js';
import type { Pixels, Sample, SemanticTruth } from '../../datasets/sample.js';
import { registerRoom } from '../../engine/memory.js';
import { createPredictor, fillOf, type PredictableModel } from '../../training/predictor.js';
import { evaluateModel } from '../../training/run/evaluate.js';

interface Answer {
  readonly mean: number;
  readonly placement: Placement;
  readonly shape: readonly number[];
}

/** Answers with the mean of the normalised red channel over the image's part of the input. */
function createMeanModel(): PredictableModel<{ images: tf.Tensor4D }, Answer> & { calls: number } {
  const gain = tf.variable(tf.scalar(1));
  const model = {
    calls: 0,
    parameters: new Map([['gain', { variable: gain, layout: 'plain', role: 'weight' }] as const]),
    preprocessing: { channels: 'RGB', mean: [100, 50.4, 300], std: [10, 1, 1] } as const,
    dispose: () => gain.dispose(),
    forward: (images: tf.Tensor4D) => ({ images: tf.mul(images, gain) as tf.Tensor4D }),
    decode: async ({ images }: { images: tf.Tensor4D }, placements: readonly Placement[]) => {
      model.calls++;
      const [, height, width] = images.shape;
      const values = await images.data();
      return placements.map((placement, n) => {
        const [h, w] = [placement.height * placement.scaleY, placement.width * placement.scaleX].map(Math.round);
        let sum = 0;
        for (let y = 0; y < (h ?? 0); y++)
          for (let x = 0; x < (w ?? 0); x++) sum += values[((n * height + y) * width + x) * 3] ?? Number.NaN;
        return { mean: sum / ((h ?? 0) * (w ?? 0)), placement, shape: images.shape };
      });
    },
  };
  return model;
}

const flat = (value: number, width = 8, height = 8): Pixels => ({
  data: new Uint8Array(width * height * 3).fill(value),
  width,
  height,
});

let model: ReturnType<typeof createMeanModel>;
beforeEach(() => {
  model = createMeanModel();
});
afterEach(() => tf.disposeVariables());

describe('createPredictor', () => {
  const options = { inputSize: [16, 16], mode: 'letterbox', multiple: 32, batchSize: 2 } as const;

  test('images are laid at the spacing that the weights were trained with, those of no known spacing as they are', async () => {
    const spaced = { ...model, preprocessing: { ...model.preprocessing, spacing: [1, 2] as const } };
    const predictor = createPredictor(spaced, { ...options, mode: 'native' });
    const [answer] = await predictor.predict([{ ...flat(110, 30, 40), spacing: [2, 1] }]);
    expect(answer).toMatchObject({ mean: 1, placement: { scaleX: 0.5, scaleY: 2 }, shape: [1, 96, 32, 3] });
    const [unknown] = await predictor.predict([flat(110, 30, 40)]);
    expect(unknown).toMatchObject({ mean: 1, placement: { scaleX: 1, scaleY: 1 }, shape: [1, 64, 32, 3] });
  });

  test('answers in order, over several batches of constant size', async () => {
    const predictor = createPredictor(model, options);
    const answers = await predictor.predict([110, 120, 130, 140, 150].map((value) => flat(value)));
    expect(answers.map(({ mean }) => Math.round(mean * 1000) / 1000)).toEqual([1, 2, 3, 4, 5]);
    expect(model.calls).toBe(3);
    for (const { shape } of answers) expect(shape).toEqual([2, 16, 16, 3]);
  });

  test('letterboxes with the fill colour and hands out the placement', async () => {
    const [answer] = await createPredictor(model, options).predict([flat(110, 32, 8)]);
    expect(answer?.placement).toEqual({ width: 32, height: 8, scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 0 });
    expect(answer?.mean).toBeCloseTo(1, 5);
  });

  test('asks for the memory of a batch, and names what fits', async () => {
    const room = (bytes: number) => registerRoom('test', () => ({ bytes, words: 'are free', holds: 'all' }));
    const before = tf.memory().numTensors;
    try {
      room(2 ** 25);
      const large = { ...options, inputSize: [512, 512], batchSize: 64 } as const;
      const refusal = await createPredictor(model, large)
        .predict([flat(110)])
        .catch(({ message }: Error) => message);
      const fits = Number(/^a prediction of batch 64 needs .* GiB are free: batch (\d+) fits$/.exec(`${refusal}`)?.[1]);
      expect(await createPredictor(model, { ...large, batchSize: fits }).predict([flat(110)])).toHaveLength(1);
      room(2 ** 21);
      await expect(createPredictor(model, large).predict([flat(110)])).rejects.toThrow(
        /not even a batch of 1 fits: with an input of (\d+) x \1 pixels it does$/,
      );
      expect(tf.memory().numTensors).toBe(before);
    } finally {
      registerRoom('test', () => null);
    }
  });

  test('native keeps the pixels and pads to the multiple, one image at a time', async () => {
    const predictor = createPredictor(model, { ...options, mode: 'native' });
    expect(predictor.batchSize).toBe(1);
    const answers = await predictor.predict([flat(110, 40, 20), flat(120, 10, 70)]);
    expect(answers.map(({ shape }) => shape)).toEqual([
      [1, 32, 64, 3],
      [1, 96, 32, 3],
    ]);
    expect(answers.map(({ mean }) => Math.round(mean * 1000) / 1000)).toEqual([1, 2]);
  });

  test('follows the weights as they change', async () => {
    const predictor = createPredictor(model, options);
    await predictor.predict([flat(110)]);
    model.parameters.get('gain')?.variable.assign(tf.scalar(3));
    const [answer] = await predictor.predict([flat(110)]);
    expect(answer?.mean).toBeCloseTo(3, 5);
  });

  test('leaves no tensor behind, and answers nothing to nothing', async () => {
    const predictor = createPredictor(model, options);
    const before = tf.memory().numTensors;
    await predictor.predict([flat(1), flat(2), flat(3)]);
    expect(await predictor.predict([])).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('the fill colour is the mean, as a pixel', () => {
    expect(fillOf(model.preprocessing)).toEqual([100, 50, 255]);
  });
});

describe('evaluateModel', () => {
  const truth: SemanticTruth = { kind: 'classMap', mask: new Uint8Array(64), width: 8, height: 8 };
  const createDataset = (size: number, broken = -1): Dataset<SemanticTruth> => {
    const get = async (index: number): Promise<Sample<SemanticTruth>> => {
      if (index === broken) throw new Error(`${index}.png is cut off`);
      return { id: `${index}.png`, image: flat(100 + 10 * index), truth };
    };
    return {
      labels: { classes: [] },
      size,
      entries: [],
      warnings: [],
      source: 'none',
      get,
      async *[Symbol.asyncIterator]() {
        for (let i = 0; i < size; i++) yield await get(i);
      },
    };
  };
  const createList = () => {
    const seen: string[] = [];
    return {
      add: (id: string, _truth: SemanticTruth, { mean }: Answer) => {
        seen.push(`${id} ${mean.toFixed(2)}`);
      },
      report: () => seen,
    };
  };
  const predictor = () => createPredictor(model, { inputSize: [8, 8], mode: 'letterbox', multiple: 32, batchSize: 2 });

  test('pairs each answer with its own truth, once', async () => {
    const done: number[] = [];
    const report = await evaluateModel(predictor(), createDataset(5), createList(), {
      onProgress: (count) => done.push(count),
    });
    expect(report).toEqual(['0.png 0.00', '1.png 1.00', '2.png 2.00', '3.png 3.00', '4.png 4.00']);
    expect(done).toEqual([2, 4, 5]);
  });

  test('an image that cannot be read is thrown when its turn comes', async () => {
    const list = createList();
    await expect(evaluateModel(predictor(), createDataset(5, 3), list)).rejects.toThrow('3.png is cut off');
    expect(list.report()).toHaveLength(2);
  });

  test('stops between batches when it is told to', async () => {
    const controller = new AbortController();
    const list = createList();
    const onProgress = () => controller.abort();
    const { signal } = controller;
    await expect(evaluateModel(predictor(), createDataset(6), list, { signal, onProgress })).rejects.toThrow();
    expect(list.report()).toHaveLength(2);
  });
});
