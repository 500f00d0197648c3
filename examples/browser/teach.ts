/** A detector that learns in the page: the backbone is frozen, its maps of every image are computed once, the rest is trained. */
import * as tf from '@tensorflow/tfjs';
import {
  createAdamW,
  createDetector,
  createEma,
  createMapsTraining,
  createRetinaEncoder,
  createSchedule,
  createTrainingStep,
  encodeTargets,
  loadWeights,
  type RetinaEncoderConfig,
  serializeCheckpoint,
  uploadImages,
} from 'espalier';

/** [height, width] of the network's input, and of every image, pixels. */
export const SIZE = [240, 320] as const;
const BATCH = 4;

/** An image with its boxes: x1 y1 x2 y2, pixels. */
export interface Labelled {
  /** RGBA, SIZE pixels. */
  readonly pixels: Uint8ClampedArray;
  readonly objects: readonly { readonly label: string; readonly box: readonly [number, number, number, number] }[];
}

export interface TeachOptions {
  readonly steps: number;
  /** ImageNet weights of tf_efficientnet_lite0. Defaults to random ones, with which little is found. */
  readonly weights?: Uint8Array;
  readonly signal?: AbortSignal;
  /** After every step. */
  readonly onStep?: (step: number, loss: number) => void | Promise<void>;
}

/** What `espalier train` would be told, in the words of its config. */
const MODEL = {
  inputSize: SIZE,
  backbone: { arch: 'tf_efficientnet_lite0', frozen: 'all' },
  neck: { kind: 'bifpn', channels: 64, repeats: 1 },
  head: { kind: 'retina', repeats: 2, anchors: { anchorScale: 2 } },
} as const;

/** Trains on labelled images; an engine must be open. Returns a checkpoint, as a file of a run. */
export async function teach(
  images: readonly Labelled[],
  { steps, weights, signal, onStep }: TeachOptions,
): Promise<Uint8Array> {
  const names = [...new Set(images.flatMap(({ objects }) => objects.map(({ label }) => label)))].sort();
  if (names.length === 0) throw new Error('nothing is labelled yet: draw boxes first');
  const { model, encoder, config } = createDetector({ ...MODEL, classes: names.length, seed: 1 });
  if (weights) await loadWeights(model.backbone, weights);
  const maps = createMapsTraining(model);
  const optimizer = createAdamW(model.parameters, { weightDecay: 1e-4 });
  const ema = createEma(model.parameters, 0.95);
  const step = createTrainingStep({ model: maps.model, optimizer, ema, clipNorm: 10, normMomentum: 0.9 });
  const rateAt = createSchedule({ learningRate: 2e-3, warmupSteps: Math.min(10, steps), totalSteps: steps });
  const batch = Math.min(BATCH, images.length);
  const started = performance.now();
  const cached: tf.Tensor4D[] = [];
  for (const { pixels } of images) {
    const image = uploadImages(withoutAlpha(pixels), [1, ...SIZE, 3]);
    cached.push(await maps.pack(image));
    image.dispose();
  }
  const truths = images.map(({ objects }) => truthOf(objects, names));
  const encode = createRetinaEncoder(encoder.config as RetinaEncoderConfig);
  let done = 0;
  while (done < steps && !signal?.aborted) {
    const rows = Array.from({ length: batch }, (_, i) => (done * batch + i) % images.length);
    const input = tf.concat(
      rows.map((row) => cached[row] as tf.Tensor4D),
      0,
    );
    const targets = encodeTargets(
      encode,
      rows.map((row) => truths[row] as (typeof truths)[number]),
    );
    const { losses, gradientNorm, flags } = await step.run(input, targets, { step: done, learningRate: rateAt(done) });
    const [loss = Number.NaN] = (await losses.total?.data()) ?? [];
    tf.dispose([input, targets as tf.TensorContainer, losses as tf.TensorContainer, gradientNorm, [...flags]]);
    done++;
    await onStep?.(done, loss);
  }
  const bytes = await serializeCheckpoint(
    { model, optimizer, ema },
    {
      step: done,
      stepsPerEpoch: Math.max(1, Math.floor(images.length / batch)),
      totalSteps: steps,
      seconds: (performance.now() - started) / 1000,
      seed: 1,
      optimizer: 'adamw',
      classes: names.map((name, index) => ({ id: index + 1, name })),
      config: { model: config },
    },
  );
  step.dispose();
  maps.dispose();
  tf.dispose(cached);
  for (const part of [optimizer, ema, model]) part.dispose();
  return bytes;
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  return Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, i) => rgba[Math.floor(i / 3) * 4 + (i % 3)] ?? 0);
}

function truthOf(objects: Labelled['objects'], names: readonly string[]) {
  return {
    kind: 'boxes',
    boxes: Float64Array.from(objects.flatMap(({ box }) => [...box])),
    labels: Int32Array.from(objects, ({ label }) => names.indexOf(label)),
    ignored: new Uint8Array(objects.length),
    areas: Float64Array.from(objects, ({ box: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1)),
  } as const;
}
