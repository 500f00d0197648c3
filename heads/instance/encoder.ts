import type { Encoder } from '../../datasets/encoder.js';
import type { InstanceTruth, MaskPatch } from '../../datasets/sample.js';
import {
  type AlignedEncoderConfig,
  type AlignedTargets,
  createEncoder as createBoxEncoder,
} from '../aligned/encoder.js';

/** What the places are taught of boxes, and which objects lie at each point of the masks. */
export type InstanceTargets = AlignedTargets & { readonly masks: readonly ['int32', 3] };

export interface InstanceEncoderConfig extends AlignedEncoderConfig {
  /** [height, width] of the masks, points. */
  readonly maskSize: readonly [height: number, width: number];
  /** Input pixels between points. */
  readonly maskStride: number;
}

/** The pixel of `maskStride` that a point is: its column, and its row. */
const middleOf = (maskStride: number): number => Math.floor(maskStride / 2);

/** Input pixels from the place where the logit of a point lies, in the middle of `maskStride` of them, to the middle of the pixel that it is taught. */
export const shiftOf = (maskStride: number): number => middleOf(maskStride) + 0.5 - maskStride / 2;

/** Objects over one point that are kept, the smallest. */
export const LAYERS = 3;

/**
 * Truth in input pixels -> the targets of `aligned`, and `masks` [3, h, w] int32: objects at each point, counted from 1, 0: none. A point is a
 * pixel in the middle of `maskStride` of them.
 */
export function createEncoder({
  maskSize,
  maskStride,
  ...config
}: InstanceEncoderConfig): Encoder<InstanceTruth, InstanceTargets> {
  const boxes = createBoxEncoder(config);
  const [height, width] = maskSize;
  const middle = middleOf(maskStride);
  return {
    targets: { ...boxes.targets, masks: { shape: [LAYERS, height, width], dtype: 'int32' } },
    encode: ({ masks: patches, ...truth }, { masks, ...into }) => {
      boxes.encode({ ...truth, kind: 'boxes' }, into);
      masks.fill(0);
      const learned = Array.from(truth.labels.keys())
        .filter((m) => truth.ignored[m] !== 1)
        .slice(0, config.maxObjects);
      const pixels = patches.map(({ data }) => data.reduce((sum, value) => sum + value, 0));
      const order = learned.map((m, at) => ({ patch: patches[m]!, at, pixels: pixels[m]! }));
      order.sort((a, b) => a.pixels - b.pixels || a.at - b.at);
      for (const { patch, at } of order) {
        const { left, top, data } = patch;
        const first = (edge: number): number => Math.max(0, Math.ceil((edge - middle) / maskStride));
        for (let y = first(top); y < height; y++) {
          const row = y * maskStride + middle - top;
          if (row >= patch.height) break;
          for (let x = first(left); x < width; x++) {
            const column = x * maskStride + middle - left;
            if (column >= patch.width) break;
            if (data[row * patch.width + column] !== 1) continue;
            for (let layer = 0; layer < LAYERS; layer++) {
              const point = (layer * height + y) * width + x;
              if (masks[point] !== 0) continue;
              masks[point] = at + 1;
              break;
            }
          }
        }
      }
    },
    decode: ({ masks, ...targets }) => {
      const taught = (boxes.decode as NonNullable<typeof boxes.decode>)(targets);
      const points = pointsByObject(masks);
      const known = Array.from(targets.labels.keys()).filter((m) => targets.starts[m + 1]! > targets.starts[m]!);
      return { ...taught, kind: 'instances', masks: known.map((m) => blocks(points.get(m + 1) ?? [])) };
    },
  };

  /** The points of an object, each as the square of pixels that it stands for. */
  function blocks(points: readonly number[]): MaskPatch {
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (const at of points) {
      const [x, y] = placeOf(at);
      [left, top] = [Math.min(left, x), Math.min(top, y)];
      [right, bottom] = [Math.max(right, x + 1), Math.max(bottom, y + 1)];
    }
    if (right <= left) return { left: 0, top: 0, width: 0, height: 0, data: new Uint8Array(0) };
    const size = { width: (right - left) * maskStride, height: (bottom - top) * maskStride };
    const data = new Uint8Array(size.width * size.height);
    for (const at of points) {
      const [x, y] = placeOf(at);
      const from = (y - top) * maskStride * size.width + (x - left) * maskStride;
      for (let row = 0; row < maskStride; row++)
        data.fill(1, from + row * size.width, from + row * size.width + maskStride);
    }
    return { left: left * maskStride, top: top * maskStride, ...size, data };
  }

  /** Column and row of a point of any layer. */
  function placeOf(at: number): readonly [x: number, y: number] {
    return [at % width, Math.floor(at / width) % height];
  }
}

/** Indices of the points of each object, counted from 1. */
function pointsByObject(masks: Int32Array): ReadonlyMap<number, readonly number[]> {
  const points = new Map<number, number[]>();
  masks.forEach((value, at) => {
    if (value === 0) return;
    const known = points.get(value);
    if (known === undefined) points.set(value, [at]);
    else known.push(at);
  });
  return points;
}
