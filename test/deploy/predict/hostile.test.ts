import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../datasets/decode/index.js';
import type { Description } from '../../../deploy/description.js';
import { openModel, type Runtime } from '../../../deploy/host/predict.js';
import type { HostNetwork, HostValue, HostValues } from '../../../deploy/hostNetwork.js';
import { bytesOf } from '../../../deploy/predict/fetched.js';
import { openModel as openInPage } from '../../../deploy/predict/index.js';
import { EngineError, ShapeError, WeightsError } from '../../../engine/errors.js';
import { writeZip } from '../../../weights/bytes/zipWriter.js';
import { describeAs } from '../smallNetwork.js';

const jsonBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const CLASSIFIER = describeAs({ kind: 'classScores', isExclusive: true }, { task: 'classification' });
const { input } = CLASSIFIER;
const IMAGE = { data: new Uint8Array(30 * 20 * 3), width: 30, height: 20 };

const output = (values: readonly number[], ...shape: readonly number[]): HostValue => ({
  values: Float32Array.from(values),
  shape,
});
const PROBABILITIES = { probabilities: output([0.2, 0.5, 0.3], 1, 3) };

/** An archive of a network that says this of itself. */
const archive = (description: object, modelJson?: unknown): Uint8Array =>
  writeZip([
    { name: 'espalier.json', bytes: jsonBytes(description) },
    ...(modelJson === undefined ? [] : [{ name: 'model.json', bytes: jsonBytes(modelJson) }]),
  ]);

/** A runtime of one's own, which counts how often it is ended. */
function own(run: (inputs: HostValues) => HostValues, inputs?: HostNetwork['inputs']) {
  let disposals = 0;
  const dispose = async () => void disposals++;
  const runtime: Runtime = {
    name: 'own',
    reads: 'onnx',
    load: async () => async () => ({
      ...(inputs && { inputs }),
      run: async (inputs) => run(inputs),
      dispose,
    }),
  };
  return { runtime, disposals: () => disposals };
}

const answered = async (description: object, outputs: HostValues): Promise<unknown> =>
  (await openModel(archive(description), { runtime: own(() => outputs).runtime })).predict(IMAGE);

describe('a description that contradicts itself is refused before memory is taken', () => {
  it.each([
    [
      'an input of terabytes',
      { input: { ...input, batch: 1024, size: [65_536, 65_536] } },
      /an input of 1319\d+ values/,
    ],
    ['an answer of another task', { task: 'detection' }, /an answer of classScores for the task detection/],
    [
      'images of another size than the network takes',
      { input: { ...input, size: [30_000, 5000] } },
      /the network takes images of 1 x \d+ x \d+ x 3, its description says 1 x 30000 x 5000 x 3: refused/,
    ],
    [
      'another name of its input',
      { input: { ...input, name: 'x' } },
      /the network takes \S+, its description names 'x'/,
    ],
    ['a fill of other channels', { input: { ...input, fill: [9] } }, /1 values to fill 3 channels with/],
  ])('%s', async (_, more, message) => {
    const { runtime } = own(() => PROBABILITIES, new Map([[input.name, [1, ...input.size, 3]]]));
    const opening = openModel(archive({ ...CLASSIFIER, ...more }), { runtime });
    await expect(opening).rejects.toThrow(WeightsError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe('a model.json that is none is refused with what is wrong of it', () => {
  const group = { paths: ['a.bin'], weights: [] };
  const whole = { modelTopology: {}, signature: { outputs: {} }, weightsManifest: [group] };
  it.each([
    ['null', null, /expected object/],
    ['no weights', { ...whole, weightsManifest: {} }, /weightsManifest/],
    ['a group that is none', { ...whole, weightsManifest: [null] }, /weightsManifest\.0/],
    ['no graph', { ...whole, modelTopology: 5 }, /modelTopology/],
    [
      'one file many times',
      { ...whole, weightsManifest: [{ ...group, paths: ['a.bin', 'a.bin'] }] },
      /'a\.bin'.*refused/,
    ],
  ])('%s', async (_, json, message) => {
    const opening = openModel(archive(CLASSIFIER, json), { runtime: 'tfjs-wasm' });
    await expect(opening).rejects.toThrow(WeightsError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe('outputs that the description does not allow are refused', () => {
  const detector: Description = describeAs({ kind: 'detections', maxDetections: 2 });
  it.each([
    ['more probabilities than classes', CLASSIFIER, { probabilities: output([0, 0, 0, 1], 1, 4) }, /names 3/],
    ['a label without a class', detector, { detections: output([0, 0, 5, 5, 0.9, 3], 1, 6) }, /names 3/],
    ['a label that is no whole number', detector, { detections: output([0, 0, 5, 5, 0.9, 1.5], 1, 6) }, /names 3/],
    ['fewer boxes than they claim', detector, { detections: output([0, 0, 5, 5], 1e9, 6) }, /with 4 values/],
  ])('%s', async (_, description, outputs, message) => {
    const answer = answered(description, outputs);
    await expect(answer).rejects.toThrow(WeightsError);
    await expect(answer).rejects.toThrow(message);
  });
});

describe('a model', () => {
  it('of one channel is warmed up with an image of one', async () => {
    const shapes: (readonly number[] | undefined)[] = [];
    const { runtime } = own(({ images }) => {
      shapes.push(images?.shape);
      return PROBABILITIES;
    });
    const model = await openModel(archive({ ...CLASSIFIER, input: { ...input, channels: 1, fill: [7] } }), { runtime });
    expect(await model.warmUp()).toBeGreaterThanOrEqual(0);
    expect(shapes).toEqual([[1, 64, 96, 1]]);
  });

  it('of several images a call fills a short call up with the last', async () => {
    let values = new Float32Array();
    const { runtime } = own(({ images }) => {
      values = Float32Array.from(images?.values ?? []);
      return { probabilities: output([0.2, 0.5, 0.3, 1, 0, 0, 0, 0, 1], 3, 3) };
    });
    const model = await openModel(archive({ ...CLASSIFIER, input: { ...input, batch: 3 } }), { runtime });
    const given = [10, 20].map((value) => ({ ...IMAGE, data: new Uint8Array(IMAGE.data.length).fill(value) }));
    const found = [];
    for await (const answer of model.predictAll(given)) found.push(answer);
    expect(found).toHaveLength(2);
    expect([0, 1, 2].map((row) => values[(row * values.length) / 3])).toEqual([10, 20, 20]);
  });

  it('is disposed of once, and answers nothing after', async () => {
    const { runtime, disposals } = own(() => PROBABILITIES);
    const model = await openModel(archive(CLASSIFIER), { runtime });
    await Promise.all([model.dispose(), model.dispose()]);
    await model.dispose();
    expect(disposals()).toBe(1);
    await expect(model.predict(IMAGE)).rejects.toThrow(EngineError);
  });

  it('that was given up while its runtime opened it is disposed of', async () => {
    const { runtime, disposals } = own(() => PROBABILITIES);
    const controller = new AbortController();
    const load: Runtime['load'] = async (options) => {
      controller.abort(new Error('enough'));
      return runtime.load(options);
    };
    const options = { runtime: { ...runtime, load }, signal: controller.signal };
    await expect(openModel(archive(CLASSIFIER), options)).rejects.toThrow('enough');
    expect(disposals()).toBe(1);
  });

  it('that takes images at their own depth is given their values, not 8 bits of them', async () => {
    const described = { ...CLASSIFIER, input: { ...input, channels: 1, fill: [0], depth: { perImage: null } } };
    let seen = new Float32Array();
    const { runtime } = own(({ images }) => {
      seen = Float32Array.from(images?.values ?? []);
      return PROBABILITIES;
    });
    const deep = { data: new Uint16Array(96 * 64).fill(40_000), width: 96, height: 64 };
    const model = await openModel(archive(described), { runtime });
    await model.predict(deep);
    expect(new Set(seen)).toEqual(new Set([40_000]));
    await model.predict(grey16(96, 64, 40_000));
    expect(new Set(seen)).toEqual(new Set([40_000]));
    const inPage = await openInPage(archive(described), { runtime });
    await inPage.predict(deep);
    await expect(inPage.predict(new Blob([Uint8Array.from(encodePng(IMAGE))]))).rejects.toThrow(ShapeError);
  });
});

describe('boxes', () => {
  it.each([
    [96, 32],
    [48, 96],
    [300, 20],
  ])('of an image of %i x %i pixels are in its own', async (width, height) => {
    const scale = Math.min(64 / height, 96 / width);
    const wanted = [width / 4, height / 4, width / 2, height / 2];
    const detections = output([...wanted.map((edge) => edge * scale), 0.9, 2], 1, 6);
    const { runtime } = own(() => ({ detections }));
    const model = await openModel(archive(describeAs({ kind: 'detections', maxDetections: 2 })), {
      runtime,
      task: 'detection',
    });
    const [found] = await model.predict({ data: new Uint8Array(width * height * 3), width, height });
    expect(found?.label).toBe('c');
    expect(found?.box).toEqual(wanted.map((edge) => expect.closeTo(edge, 3)));
  });
});

it('a file that a server sends without end is given up', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(100).fill(7)),
    cancel: () => {
      cancelled = true;
    },
  });
  await expect(bytesOf(new Response(body), 'x.onnx', 1000)).rejects.toThrow(
    'x.onnx has 1100 bytes or more, 1000 at most',
  );
  expect(cancelled).toBe(true);
  expect(await bytesOf(new Response(Uint8Array.of(1, 2, 3)), 'x.onnx', 3)).toEqual(Uint8Array.of(1, 2, 3));
});

/** A TIFF of one strip of 16 bits, all of one value. */
function grey16(width: number, height: number, value: number): Uint8Array {
  const tags: readonly (readonly [tag: number, value: number])[] = [
    [256, width],
    [257, height],
    [258, 16],
    [259, 1],
    [262, 1],
    [273, 256],
    [277, 1],
    [278, height],
    [279, width * height * 2],
  ];
  const bytes = new Uint8Array(256 + width * height * 2);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, tags.length, true);
  for (const [i, [tag, given]] of tags.entries()) {
    view.setUint16(10 + 12 * i, tag, true);
    view.setUint16(12 + 12 * i, 4, true);
    view.setUint32(14 + 12 * i, 1, true);
    view.setUint32(18 + 12 * i, given, true);
  }
  new Uint16Array(bytes.buffer, 256).fill(value);
  return bytes;
}
