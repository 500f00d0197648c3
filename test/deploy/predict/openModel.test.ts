import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../../datasets/decode/index.js';
import type { ClassMap, Detections } from '../../../datasets/sample.js';
import { openModel, openModelInWorker, type Runtime, serveModel } from '../../../deploy/host/predict.js';
import type { HostNetwork } from '../../../deploy/hostNetwork.js';
import { openModel as openInPage } from '../../../deploy/predict/index.js';
import { DataError, EngineError, WeightsError } from '../../../engine/errors.js';
import { createPredictor } from '../../../training/predictor.js';
import { writeZip } from '../../../weights/bytes/zipWriter.js';
import { hasOnnxRuntime } from '../onnxRuntime.js';
import { describeAs, SIZE } from '../smallNetwork.js';
import { smallBundle, smallImage } from './smallBundle.js';

const root = mkdtempSync(join(tmpdir(), 'espalier-predict-'));
const [folder, zip, onnx] = ['detector.bundle', 'detector.espalier', 'detector.onnx'].map((name) =>
  join(root, name),
) as [string, string, string];
const image = smallImage();
const WASM = { runtime: 'tfjs-wasm' } as const;
let expected: Detections;
let archive: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  const { model, files } = await smallBundle('retina');
  mkdirSync(folder);
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  archive = Uint8Array.from(writeZip(files));
  writeFileSync(zip, archive);
  writeFileSync(onnx, files.find(({ name }) => name === 'model.onnx')?.bytes ?? '');
  const predictor = createPredictor(model, { inputSize: SIZE, mode: 'letterbox', multiple: 32, batchSize: 1 });
  [expected] = (await predictor.predict([image])) as [Detections];
  predictor.dispose();
  model.dispose();
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a network opened from', () => {
  const ways: readonly (readonly [string, () => Parameters<typeof openModel>[0]])[] = [
    ['the folder of a bundle', () => folder],
    ['the model.json in it', () => join(folder, 'model.json')],
    ['an archive', () => zip],
    ['the bytes of an archive', () => archive],
    ['a file that was chosen', () => new File([archive], 'detector.espalier')],
  ];
  it.each(ways)('%s answers as the network it was made of', async (_, source) => {
    const model = await openModel(source(), { ...WASM, task: 'detection' });
    const found = await model.predict(image);
    expect(found.length).toBe(expected.scores.length);
    expect(found.length).toBeGreaterThan(3);
    for (const [i, { box, score, label }] of found.entries()) {
      expect(score).toBeCloseTo(expected.scores[i] ?? Number.NaN, 4);
      expect(label).toBe(['a', 'b', 'c'][expected.labels[i] ?? -1]);
      const wanted = [...expected.boxes.subarray(4 * i, 4 * i + 4)];
      for (const [side, edge] of box.entries()) expect(edge).toBeCloseTo(wanted[side] ?? Number.NaN, 2);
    }
    expect(model.labels.classes.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    await model.dispose();
  });

  it.skipIf(!hasOnnxRuntime)(
    'an ONNX file answers the same in ONNX Runtime (skipped without onnxruntime-node)',
    async () => {
      const model = await openModel(onnx);
      expect(model.runtime).toBe('onnxruntime-node');
      const { task } = model;
      if (task !== 'detection') throw new Error(task);
      const found = await model.predict(image);
      expect(found.map(({ score }) => score)).toEqual([...expected.scores].map((score) => expect.closeTo(score, 4)));
      await model.dispose();
    },
  );

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const model = await openModel(zip, WASM);
    await model.predict(image);
    await model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('an image is read from', () => {
  const png = encodePng(image);
  const file = join(root, 'image.png');
  const ways: readonly (readonly [string, () => Parameters<Awaited<ReturnType<typeof openModel>>['predict']>[0]])[] = [
    ['its path', () => file],
    ['its bytes', () => png],
    ['a Blob', () => new Blob([Uint8Array.from(png)])],
    ['RGBA', () => ({ data: rgba(), width: image.width, height: image.height })],
    ['a tensor', () => ({ shape: [image.height, image.width, 3], data: async () => image.data })],
  ];
  it.each(ways)('%s', async (_, given) => {
    writeFileSync(file, png);
    const model = await openModel(zip, { ...WASM, task: 'detection' });
    const found = await model.predict(given());
    expect(found.map(({ score }) => score)).toEqual([...expected.scores].map((score) => expect.closeTo(score, 5)));
    await model.dispose();
  });
  const rgba = (): Uint8ClampedArray =>
    Uint8ClampedArray.from({ length: image.width * image.height * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (image.data[Math.floor(i / 4) * 3 + (i % 4)] ?? 0),
    );
});

describe('a segmenter and a classifier', () => {
  it('answer in the words of their tasks', async () => {
    const made = await smallBundle('semantic');
    const model = await openModel(writeZip(made.files), { ...WASM, task: 'segmentation' });
    const map: ClassMap = await model.predict(image);
    expect([map.width, map.height, map.mask.length]).toEqual([SIZE[1], SIZE[0], SIZE[0] * SIZE[1]]);
    made.model.dispose();
    await model.dispose();
    const outputs = { probabilities: { values: Float32Array.of(0.2, 0.5, 0.3), shape: [1, 3] } };
    const described = { task: 'classification', answer: { kind: 'classScores', isExclusive: true } } as const;
    const classifier = await openModel(await bundleOf(described), {
      runtime: own(async () => outputs),
      task: 'classification',
    });
    expect((await classifier.predict(image)).map(({ label }) => label)).toEqual(['b', 'c', 'a']);
  });
});

/** A bundle that says so of itself. */
const bundleOf = async (more: Parameters<typeof describeAs>[1]): Promise<Uint8Array> => {
  const description = describeAs({ kind: 'classScores', isExclusive: true }, more);
  return writeZip([{ name: 'espalier.json', bytes: new TextEncoder().encode(JSON.stringify(description)) }]);
};

/** A runtime of one's own. */
const own = (run: HostNetwork['run']): Runtime => ({
  name: 'own',
  reads: 'onnx',
  load: async () => async () => ({ run, dispose: async () => undefined }),
});

describe('many images', () => {
  const answers = (batch: number) => ({
    boxes: { values: new Float32Array(batch * 4).map((_, i) => (i % 4 < 2 ? 0 : 10)), shape: [batch, 1, 4] },
    scores: { values: new Float32Array(batch * 3).fill(0.5), shape: [batch, 1, 3] },
  });
  const opened = async (run: HostNetwork['run']) => {
    const reading = {
      kind: 'boxes',
      maxCandidates: 10,
      maxDetections: 10,
      scoreThreshold: 0,
      suppression: 'hard',
      iouThreshold: 0.5,
    } as const;
    const { input } = describeAs(reading);
    const bundle = await bundleOf({ task: 'detection', answer: reading, input: { ...input, batch: 2 } });
    return openModel(bundle, { runtime: own(run), task: 'detection' });
  };

  it('are answered in batches, in their order', async () => {
    const seen: number[] = [];
    const model = await opened(async ({ images }) => {
      seen.push(images?.shape[0] ?? 0);
      return answers(2);
    });
    const found = [];
    for await (const objects of model.predictAll([1, 2, 3].map(smallImage))) found.push(objects.length);
    expect(found).toEqual([3, 3, 3]);
    expect(seen).toEqual([2, 2]);
  });

  it('are answered one call after the other, however many are asked for at once', async () => {
    let running = 0;
    const model = await opened(async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return answers(2);
    });
    expect(await Promise.all([1, 2, 3].map((i) => model.predict(smallImage(i))))).toHaveLength(3);
  });

  it('are given up when the signal is aborted, and those after them are not', async () => {
    let calls = 0;
    let finish = (): void => undefined;
    const model = await opened(async () => {
      calls++;
      if (calls === 1) await new Promise<void>((resolve) => (finish = resolve));
      return answers(2);
    });
    const controller = new AbortController();
    const [first, second] = [1, 2].map((i) => model.predict(smallImage(i), { signal: controller.signal }));
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const third = model.predict(smallImage(3));
    controller.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await expect(second).rejects.toThrow('enough');
    finish();
    expect(await third).toHaveLength(3);
    expect(calls).toBe(2);
    await expect(model.predict(image, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });
});

describe('what cannot be opened', () => {
  it.each([
    [
      'another task',
      () => openModel(folder, { task: 'segmentation' }),
      /the network is for detection, not for segmentation/,
    ],
    [
      'no runtime of that name',
      () => openModel(folder, { runtime: 'nope' as never }),
      /runtime 'nope' does not exist here: there are/,
    ],
    [
      'a runtime that is not installed',
      () => openModel(folder, { runtime: 'tfjs-webgl' }),
      /webgl engine runs in a browser only/,
    ],
    [
      'a format that the runtime does not read',
      () => openModel(onnx, WASM),
      /this is an ONNX file; export --to bundle/,
    ],
    ['no file', () => openModel(join(root, 'none')), /none does not exist/],
    ['no network', () => openModel(new Uint8Array(100)), /WeightsError|damaged|initialisers/],
    [
      'an archive of something else',
      () => openModel(writeZip([{ name: 'a', bytes: new Uint8Array(9) }])),
      /without espalier\.json/,
    ],
    ['an address where nobody answers', () => openModel('http://127.0.0.1:9/x.onnx'), /cannot be fetched/],
    ['bytes in a page', () => openInPage(new Uint8Array(100)), /damaged|initialisers/],
  ])('%s is refused', async (_, open, message) => {
    await expect(open()).rejects.toThrow(message);
  });

  it('files of weights outside of the folder are refused', async () => {
    const { files, model } = await smallBundle('retina');
    model.dispose();
    const hostile = files.map(({ name, bytes }) => {
      const text = new TextDecoder().decode(bytes).replaceAll(/group1-shard1of\d+\.bin/g, '../secret.bin');
      return name === 'model.json' ? { name, bytes: new TextEncoder().encode(text) } : { name, bytes };
    });
    await expect(openModel(writeZip(hostile), WASM)).rejects.toThrow(/'\.\.\/secret\.bin' among them: refused/);
  });
});

describe('a model in a worker', () => {
  it('answers as one beside it, and tells errors by their class', async () => {
    const { port1, port2 } = new MessageChannel();
    serveModel(port1 as never);
    const model = await openModelInWorker<'detection'>(port2 as never, zip, WASM);
    expect([model.task, model.runtime]).toEqual(['detection', 'tfjs-wasm']);
    expect(await model.warmUp()).toBeGreaterThan(0);
    const found = await model.predict(image);
    expect(found.map(({ score }) => score)).toEqual([...expected.scores].map((score) => expect.closeTo(score, 5)));
    await expect(model.predict({ data: new Uint8Array(5), width: 3, height: 3 })).rejects.toThrow(
      /5 values|ShapeError/,
    );
    await expect(model.predict(image, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    await expect(openModelInWorker(port2 as never, zip)).rejects.toThrow(/the worker holds a model already/);
    await model.dispose();
    await expect(model.predict(image)).rejects.toThrow(/has no model/);
    await expect(openModelInWorker(port2 as never, join(root, 'none'))).rejects.toThrow(WeightsError);
    port1.close();
  });

  it('tells what is wrong with a file of an image, and opens one of two that are asked for at once', async () => {
    const { port1, port2 } = new MessageChannel();
    serveModel(port1 as never);
    const opening = [1, 2].map(() => openModelInWorker<'detection'>(port2 as never, zip, WASM));
    const [first, second] = await Promise.allSettled(opening);
    expect([first?.status, second?.status]).toEqual(['fulfilled', 'rejected']);
    if (first?.status !== 'fulfilled') throw new Error();
    const answer = first.value.predict(join(root, 'no-image.png'));
    await expect(answer).rejects.toThrow(DataError);
    await expect(answer).rejects.toMatchObject({ file: join(root, 'no-image.png') });
    await first.value.dispose();
    port1.close();
  });

  it.each([
    ['fails', "throw new Error('no program\\nof that name')", /the worker has failed: no program$/],
    ['ends', 'process.exit(0)', /the worker has ended/],
  ])('that %s is told, and not waited for', async (_, program, message) => {
    const worker = new Worker(program, { eval: true });
    const opening = openModelInWorker(worker as never, zip);
    await expect(opening).rejects.toThrow(EngineError);
    await expect(opening).rejects.toThrow(message);
  });
});
