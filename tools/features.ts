import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  architectureOf,
  type Backbone,
  type BackboneArch,
  createBackbone,
  type Level,
  type LevelsOf,
  type Preprocessing,
} from '../backbones/index.js';
import { decodeImage, describePixels } from '../datasets/decode/index.js';
import { valueAt } from '../engine/checked.js';
import { ConfigError } from '../engine/errors.js';
import { writeWhole } from '../engine/files/write.js';
import { uploadImages } from '../engine/images.js';
import { normalizeImages } from '../engine/kernels/index.js';
import { fileSource, loadWeights } from '../pretrained/files/index.js';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { describeLoaded } from '../pretrained/load.js';
import { openNpy } from '../weights/npy.js';
import { writeSafetensors } from '../weights/safetensors.js';
import { squareOf } from './classify/classify.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput, type Output } from './output.js';
import { formatTable } from './table.js';
import { knownArch } from './weights/network.js';

interface FeaturesOptions extends EngineOptions {
  readonly weights: string;
  readonly input: string;
  readonly levels?: readonly string[];
  readonly out: string;
  readonly prefix?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** Pixels as the network takes them, or a decoded image that has to be normalised first. */
interface Input {
  readonly channels: number;
  /** [N, H, W, C] float32; the caller owns it. */
  readonly images: (preprocessing: Preprocessing) => tf.Tensor4D;
}

/** The raw feature maps of one input as a file: keys P1, P2, ..., float32 NHWC. */
export async function features(model: string, options: FeaturesOptions): Promise<void> {
  const { weights, input, out } = options;
  const output = createOutput(options.json === true);
  const arch = knownArch(model);
  if (extname(out) !== '.safetensors') throw new ConfigError(`--out ${out}: feature maps are written as .safetensors`);
  for (const file of isWeightsPath(weights) ? [input, weights] : [input]) {
    if (!existsSync(file)) throw new ConfigError(`${file}: there is no such file`);
  }
  const { channels, images } = extname(input) === '.npy' ? fromArray(input) : await fromImage(input, arch, output);
  await openEngine(options, output);
  const levels = options.levels as readonly LevelsOf<BackboneArch>[] | undefined; // checked by the backbone
  const backbone = createBackbone({
    arch,
    frozen: 'all',
    inChannels: channels,
    seed: 1,
    ...(levels ? { levels } : {}),
  });
  try {
    const given = options.prefix === undefined ? {} : { prefix: options.prefix };
    const loaded = await loadWeights(backbone, weights, {
      offline: options.offline === true,
      onProgress: output.note,
      ...given,
    });
    output.note(`weights: ${describeLoaded(loaded)}`);
    const maps = await mapsOf(backbone, () => images(backbone.preprocessing));
    const metadata = { architecture: arch, layout: 'NHWC', input, weights };
    const tensors = new Map(maps.map(({ level, shape, data }) => [level, { dtype: 'F32', shape, data }] as const));
    writeWhole(out, [writeSafetensors(tensors, metadata)], 'name another file with --out');
    const rows = maps.map(({ level, shape, data }) => ({ level, shape, ...statistics(data) }));
    const cells = rows.map(({ level, shape, mean, std, min, max }) => [level, `[${shape}]`, mean, std, min, max]);
    output.result(
      { ...metadata, out, maps: rows },
      `${formatTable(['map', 'shape', 'mean', 'std', 'min', 'max'], cells)}\n${out}`,
    );
  } finally {
    backbone.dispose();
  }
}

async function mapsOf<L extends Level>({ forward }: Backbone<L>, imagesOf: () => tf.Tensor4D) {
  const maps = tf.tidy(() => forward(imagesOf(), { training: false }));
  const read: { readonly level: Level; readonly shape: readonly number[]; readonly data: Float32Array }[] = [];
  for (const [level, map] of Object.entries<tf.Tensor4D>(maps)) {
    read.push({ level: level as Level, shape: map.shape, data: await map.data<'float32'>() });
  }
  tf.dispose(Object.values<tf.Tensor>(maps));
  return read;
}

/** @throws ConfigError when the array is no image or batch of images */
function fromArray(file: string): Input {
  const source = fileSource(file);
  try {
    const { dtype, shape, read } = openNpy(source);
    const sizes = shape.length === 3 ? [1, ...shape] : [...shape];
    if (dtype !== 'F32' || sizes.length !== 4 || sizes.some((size) => size < 1)) {
      throw new ConfigError(`${file} is ${dtype} [${shape}]: give float32 [H, W, C] or [N, H, W, C], normalised`);
    }
    const data = read().data as Float32Array;
    const images = () => tf.tensor4d(data, sizes as [number, number, number, number]);
    return { channels: valueAt(sizes, 3), images };
  } finally {
    source.close();
  }
}

/** An image at its own size, or the square that a network of fixed size takes. */
async function fromImage(file: string, arch: BackboneArch, { note }: Output): Promise<Input> {
  const decoded = await decodeImage(file, { onNote: (pixels) => note(`warning: ${file}: ${describePixels(pixels)}`) });
  const { isFixed, inputPixels } = architectureOf(arch);
  const { data, width, height } = isFixed ? squareOf(decoded, inputPixels) : decoded;
  const images = ({ mean, std }: Preprocessing) =>
    normalizeImages(uploadImages(data, [1, height, width, 3]), mean, std);
  return { channels: 3, images };
}

function statistics(values: Float32Array) {
  let [sum, squares, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    sum += value;
    squares += value * value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const mean = sum / values.length;
  return { mean, std: Math.sqrt(Math.max(0, squares / values.length - mean ** 2)), min, max };
}
