import * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from '../backbones/backbone.js';
import type { Module, Pass } from '../backbones/module.js';
import { checkOptions, type OptionNames } from '../backbones/settings.js';
import { prepareImage } from '../datasets/intensity.js';
import {
  commonType,
  createPixels,
  nearestValue,
  type PixelType,
  requireChannels,
  typeOf,
} from '../datasets/pixelTypes.js';
import type { Placement } from '../datasets/placement.js';
import type { Pixels } from '../datasets/sample.js';
import { type Letterboxed, letterbox, padToMultiple } from '../datasets/transforms/letterbox.js';
import type { Fill } from '../datasets/transforms/warp.js';
import { valueAt } from '../engine/checked.js';
import { type Compiled, compile, hasGraphs, type Tree } from '../engine/compile.js';
import { uploadImages } from '../engine/images.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
import { resizeBilinear } from '../engine/kernels/resizeBilinear.js';
import { type Demand, requireRoom, roomLeft } from '../engine/memory.js';
import { hollow } from '../engine/shapes/bytes.js';
import type { DecodeOptions, Seen } from '../heads/head.js';
import type { ViewOptions } from './views.js';

/** The part of a model that answers. */
export interface PredictableModel<Raw extends Tree, Result> extends Module {
  readonly preprocessing: Preprocessing;
  forward(images: tf.Tensor4D, pass: Pass): Raw;
  readonly average?: (seen: readonly Seen<Raw>[]) => Raw;
  decode(raw: Raw, placements: readonly Placement[], options?: DecodeOptions): Promise<readonly Result[]>;
}

export interface PredictorOptions {
  /** [height, width] of the network's input, pixels. */
  readonly inputSize: readonly [number, number];
  /** `letterbox`: the image resized into the input; `native`: its own pixels, padded to a multiple of `multiple`. */
  readonly mode: 'letterbox' | 'native';
  /** The coarsest stride of the network, pixels; `native` only. */
  readonly multiple: number;
  /** Images per call of the network; `native` takes one at a time. */
  readonly batchSize: number;
  /** Ways in which every image is seen, for a model that averages its outputs. */
  readonly views?: ViewOptions | undefined;
  /** The weights never change again: the engine may fold them into the graph. */
  readonly constants?: boolean;
  /** Class maps carry the probabilities of their classes. Defaults to false. */
  readonly probabilities?: boolean;
}

/** Images in, answers out; follows the model's weights as they change, unless they are constants. */
export interface Predictor<Result> {
  /** Any number of images; answers in their order, in pixels of each original image. */
  predict(images: readonly Pixels[]): Promise<Result[]>;
  readonly batchSize: number;
  dispose(): void;
}

const PREDICTOR_OPTIONS: OptionNames<PredictorOptions> = {
  inputSize: true,
  mode: true,
  multiple: true,
  batchSize: true,
  views: true,
  constants: true,
  probabilities: true,
};

/**
 * Makes a predictor of a model, which stays the caller's.
 *
 * @throws ConfigError naming an option that does not exist
 */
export function createPredictor<Raw extends Tree, Result>(
  model: PredictableModel<Raw, Result>,
  options: PredictorOptions,
): Predictor<Result> {
  checkOptions(options, PREDICTOR_OPTIONS, 'createPredictor');
  const { inputSize, mode, multiple, views, constants = false, probabilities = false } = options;
  const batchSize = mode === 'native' ? 1 : options.batchSize;
  const layAll = (images: readonly Pixels[]): readonly Letterboxed[] => {
    const { perImage = null, mean, spacing } = model.preprocessing;
    const prepared = images.map((image) => prepareImage(image, perImage));
    const type = commonType(prepared.map(({ data }) => typeOf(data)));
    const fill = fillOf(model.preprocessing, type);
    return prepared.map((image) => {
      requireChannels(image, mean.length);
      return mode === 'native'
        ? padToMultiple(image, multiple, fill, { type, spacing })
        : letterbox(image, inputSize, fill, type);
    });
  };
  const forward = compile(
    (images: tf.Tensor4D) => {
      const { mean, std, clip } = model.preprocessing; // those of the weights that are in it by now
      const input = normalizeImages(images, mean, std, clip);
      const answer = (seen: tf.Tensor4D): Raw => model.forward(seen, { training: false });
      if (!views || !model.average) return answer(input);
      const { average } = model;
      return tf.tidy(() => average(seeOften(input, views, multiple, answer)) as tf.TensorContainer) as Raw;
    },
    { name: 'forward', constants },
  );
  const ask = createAsker(forward, batchSize);
  const run = async (images: readonly Pixels[]): Promise<readonly Result[]> => {
    const laid = layAll(images);
    ask(valueAt(laid, 0));
    const input = stack(laid, batchSize);
    const raw = await forward.async(input.tensor).finally(() => input.tensor.dispose());
    try {
      return (await model.decode(raw, input.placements, { probabilities })).slice(0, images.length);
    } finally {
      tf.dispose(raw as tf.TensorContainer);
    }
  };
  return {
    batchSize,
    dispose: () => forward.dispose(),
    predict: async (images) => {
      const results: Result[] = [];
      for (let at = 0; at < images.length; at += batchSize) {
        results.push(...(await run(images.slice(at, at + batchSize))));
      }
      return results;
    },
  };
}

/** Outputs for the images in every size, sides of whole strides, as they are and mirrored. */
function seeOften<Raw>(
  images: tf.Tensor4D,
  { flip, scales }: ViewOptions,
  multiple: number,
  answer: (images: tf.Tensor4D) => Raw,
): readonly Seen<Raw>[] {
  const [, height, width] = images.shape;
  const scaled = (side: number, scale: number): number =>
    scale === 1 ? side : Math.max(1, Math.round((side * scale) / multiple)) * multiple;
  return scales.flatMap((scale) => {
    const seen = resizeBilinear(images, scaled(height, scale), scaled(width, scale));
    const own = { raw: answer(seen), isMirrored: false };
    return flip ? [own, { raw: answer(tf.reverse(seen, 2)), isMirrored: true }] : [own];
  });
}

/** Share of the room that an estimate may be off by when it is scaled from that of smaller images. */
const SCALED = 0.5;

/** Asks for the memory of a batch before one is made: for the first, and again where images are larger than those before. */
function createAsker(forward: Compiled<[tf.Tensor4D], Tree>, batchSize: number): (image: Letterboxed) => void {
  let asked = { area: 0, bytes: Number.POSITIVE_INFINITY };
  return ({ data, height, width }) => {
    const area = height * width;
    if (area <= asked.area) return;
    const rooms = roomLeft();
    if ((asked.bytes * area) / asked.area <= SCALED * Math.min(...rooms.map(({ bytes }) => bytes))) return;
    const type = typeOf(data);
    const demandOf = (count: number): Demand => {
      const pixel = uploadImages(createPixels(type, 1), [1, 1, 1, 1]);
      const images = hollow(pixel, [count, height, width, data.length / area]) as tf.Tensor4D;
      try {
        const values = count * data.length;
        const isBytes = type === 'uint8' && hasGraphs();
        return { engine: forward.memory(images) + (isBytes ? values : 4 * values), host: count * data.byteLength };
      } finally {
        tf.dispose([pixel, images]);
      }
    };
    const found = requireRoom({ what: 'a prediction', inputSize: [height, width] }, demandOf, batchSize, rooms);
    asked = { area, bytes: found?.engine ?? 0 };
  };
}

/** The value of each channel that normalises to zero, as near as a pixel of the type comes. */
export const fillOf = ({ mean }: Pick<Preprocessing, 'mean'>, type: PixelType = 'uint8'): Fill =>
  mean.map((value) => nearestValue(type, value));

/** A batch of constant size, so that one graph serves them all: a short one is filled up with its last image. */
function stack(laid: readonly Letterboxed[], batchSize: number) {
  const last = laid.at(-1) as Letterboxed;
  const rows = Array.from({ length: batchSize }, (_, i) => laid[i] ?? last);
  const { height, width } = last;
  const pixels = createPixels(typeOf(last.data), batchSize * last.data.length);
  rows.forEach(({ data }, i) => {
    pixels.set(data, i * data.length);
  });
  return {
    tensor: uploadImages(pixels, [batchSize, height, width, last.data.length / (height * width)]),
    placements: rows.map(({ placement }) => placement),
  };
}
