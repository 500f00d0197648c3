import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../../backbones/features.js';
import { allocateTargets } from '../../../datasets/encoder.js';
import { createInstanceEvaluator } from '../../../datasets/evaluators/index.js';
import { packPatch, patchOfMask } from '../../../datasets/packedMasks.js';
import type { Instances, InstanceTruth, MaskPatch } from '../../../datasets/sample.js';
import { createRandom } from '../../../engine/random.js';
import { createPoints } from '../../../heads/boxes/points.js';
import { instanceConfig } from '../../../heads/instance/config.js';
import { decodeInstances } from '../../../heads/instance/decode.js';
import { createEncoder } from '../../../heads/instance/encoder.js';
import { createInstanceHead, instanceEncoderConfig } from '../../../heads/instance/head.js';
import { dynamicMasks, placelessKernels } from '../../../heads/instance/kernels.js';
import { instanceLoss } from '../../../heads/instance/loss.js';
import { countKernel, hostMask, ORIGIN } from '../../../heads/instance/mask.js';
import { reduceLosses } from '../../../heads/losses/term.js';
import { encodeTargets } from '../../../heads/targets.js';
import { runHeadCases } from '../../conformance/head.js';

/** An ellipse that fills its box. */
const disc = (left: number, top: number, width: number, height: number): MaskPatch => ({
  left,
  top,
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [((at % width) + 0.5) / width - 0.5, (Math.floor(at / width) + 0.5) / height - 0.5];
    return x * x + y * y <= 0.25 ? 1 : 0;
  }),
});

const truthOf = (masks: readonly MaskPatch[], labels: readonly number[], ignored: readonly number[] = []) =>
  ({
    kind: 'instances',
    masks,
    boxes: Float64Array.from(masks.flatMap((m) => [m.left, m.top, m.left + m.width, m.top + m.height])),
    labels: Int32Array.from(labels),
    ignored: Uint8Array.from(labels, (_, i) => ignored[i] ?? 0),
    areas: Float64Array.from(masks, ({ data }) => data.reduce((sum, value) => sum + value, 0)),
  }) satisfies InstanceTruth;

const features = Object.fromEntries(
  [3, 4, 5].map((level) => [`P${level}`, { channels: 8, stride: 2 ** level, tap: 'a' }]),
) as unknown as FeatureSpec;
const settings = instanceConfig.parse({ kind: 'instance' });

for (const [classes, inputSize] of [
  [1, [64, 90]],
  [2, [64, 64]],
  [91, [32, 32]],
  [1, [1, 1]],
] as const) {
  const [height, width] = inputSize;
  runHeadCases({
    name: `instance of ${classes} classes, ${inputSize.join(' x ')}`,
    features,
    inputSize,
    encoder: createEncoder(instanceEncoderConfig(settings, features, inputSize)),
    truths: [truthOf([disc(0, 0, width, height)], [classes - 1]), truthOf([], [])].slice(0, height),
    create: (frozen) =>
      createInstanceHead({ classes, inputSize, repeats: 1, masks: { repeats: 1, places: 4 }, frozen }, features),
  });
}

for (const prototypeStride of [1, 2, 4] as const) {
  const masks = { repeats: 1, places: 4, prototypeStride };
  runHeadCases({
    name: `instance with prototypes at every ${prototypeStride} pixels`,
    features,
    inputSize: [32, 64],
    encoder: createEncoder(
      instanceEncoderConfig(instanceConfig.parse({ kind: 'instance', masks }), features, [32, 64]),
    ),
    truths: [truthOf([disc(3, 5, 9, 12)], [0]), truthOf([], [])],
    create: (frozen) => createInstanceHead({ classes: 1, inputSize: [32, 64], repeats: 1, masks, frozen }, features),
  });
}

describe('strides of masks', () => {
  it.each([
    [{ prototypeStride: 8, stride: 8 }, 'prototypes at every 8 pixels are coarser than P2, which has 4'],
    [{ stride: 8 }, 'masks at every 8 pixels are coarser than P2, which has 4: set masks.stride to 4 or less'],
    [{ prototypeStride: 2, stride: 4 }, 'coarser than the prototypes, which have 2: set masks.stride to 2 or less'],
  ] as const)('%j are refused on P2', (masks, problem) => {
    const finer = { P2: { channels: 8, stride: 4, tap: 'a' } } as unknown as FeatureSpec;
    expect(() => createInstanceHead({ classes: 1, inputSize: [64, 64], masks }, finer)).toThrow(problem);
  });

  it('follow the prototypes where nothing is said', () => {
    const sizeOf = (prototypeStride: 1 | 2 | 4 | 8) =>
      instanceEncoderConfig(instanceConfig.parse({ kind: 'instance', masks: { prototypeStride } }), features, [64, 96]);
    expect([8, 4, 2, 1].map((stride) => sizeOf(stride as 8).maskSize)).toEqual([
      [16, 24],
      [16, 24],
      [32, 48],
      [64, 96],
    ]);
  });
});

describe('dynamic masks', () => {
  const random = createRandom([5]);
  const numbers = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
  const [P, height, width] = [8, 4, 5];
  const prototypes = numbers(height * width * P);
  const kernels = numbers(2 * countKernel(P));
  const places = [20, 12, 8, 16, 16, 32];

  it('need no place once it is in their first bias', async () => {
    const points = Float32Array.from(places);
    const moved = tf.tidy(() => placelessKernels(tf.tensor3d(kernels, [1, 2, 169]), points, P));
    const values = (await moved.data()) as Float32Array;
    const host = { values: prototypes, height, width, stride: 8 };
    for (const place of [0, 1]) {
      const [own, free] = [kernels, values].map((list) => list.subarray(place * 169, (place + 1) * 169));
      const [x = 0, y = 0, cell = 0] = places.slice(place * 3, place * 3 + 3);
      const [wanted, found] = [
        hostMask(host, own as Float32Array, [x, y, cell]),
        hostMask(host, free as Float32Array, ORIGIN),
      ];
      for (let at = 0; at < height * width; at++) {
        const [row, column] = [Math.floor(at / width), at % width];
        expect(found(row, column)).toBeCloseTo(wanted(row, column), 4);
      }
    }
    moved.dispose();
  });

  it('have 169 numbers of eight prototypes, and are on the host what they are in the graph', () => {
    expect(countKernel(P)).toBe(169);
    tf.tidy(() => {
      const found = dynamicMasks(
        tf.tensor4d(prototypes, [1, height, width, P]),
        tf.tensor3d(kernels, [1, 2, 169]),
        tf.tensor3d(places, [1, 2, 3]),
        8,
      ).dataSync();
      for (const place of [0, 1]) {
        const [x, y, cell] = places.slice(place * 3, place * 3 + 3) as [number, number, number];
        const kernel = kernels.subarray(place * 169, (place + 1) * 169);
        const at = hostMask({ values: prototypes, height, width, stride: 8 }, kernel, [x, y, cell]);
        for (let i = 0; i < height * width; i++) {
          const value = at(Math.floor(i / width), i % width);
          expect(Math.abs(found[place * height * width + i]! - value)).toBeLessThan(
            1e-4 * Math.max(1, Math.abs(value)),
          );
        }
      }
    });
  });

  it('see how far a pixel is from their place, in units of eight cells', () => {
    const kernel = new Float32Array(countKernel(1)); // 1 prototype: 3 + 1 + 1 weights, 3 biases
    kernel[1] = 1; // relative x -> hidden
    kernel[3] = 1;
    kernel[4] = 1;
    const at = hostMask({ values: new Float32Array(4), height: 1, width: 4, stride: 8 }, kernel, [28, 4, 8]);
    expect([0, 1, 2, 3].map((column) => at(0, column))).toEqual([24 / 64, 16 / 64, 8 / 64, 0]);
  });

  it('have the gradients of finite differences', () => {
    tf.tidy(() => {
      const [h, w, p] = [2, 3, 2];
      const input = Array.from(numbers(h * w * p));
      const kernel = Array.from(numbers(2 * countKernel(p)));
      const loss = (x: readonly number[] | tf.Tensor, k: readonly number[] | tf.Tensor): tf.Tensor => {
        const maps = tf.reshape(x instanceof tf.Tensor ? x : tf.tensor1d([...x]), [1, h, w, p]) as tf.Tensor4D;
        const nets = tf.reshape(k instanceof tf.Tensor ? k : tf.tensor1d([...k]), [1, 2, -1]) as tf.Tensor3D;
        return tf.sum(tf.sigmoid(dynamicMasks(maps, nets, tf.tensor3d(places, [1, 2, 3]), 8)));
      };
      const [byMaps, byNets] = tf
        .grads((x: tf.Tensor, k: tf.Tensor) => loss(x, k))([tf.tensor1d(input), tf.tensor1d(kernel)])
        .map((gradient) => gradient.dataSync());
      const slope = (values: readonly number[], i: number, of: (v: readonly number[]) => tf.Tensor): number => {
        const [up, down] = [5e-3, -5e-3].map((step) => of(values.with(i, values[i]! + step)).dataSync()[0]!);
        return (up! - down!) / 1e-2;
      };
      const bad = [
        ...input.map((_, i) => Math.abs(byMaps![i]! - slope(input, i, (v) => loss(v, kernel)))),
        ...kernel.map((_, i) => Math.abs(byNets![i]! - slope(kernel, i, (v) => loss(input, v)))),
      ].filter((error) => error > 5e-3);
      expect(bad.length).toBeLessThanOrEqual(1); // a unit that turns on within the step
    });
  });
});

describe('the targets of masks', () => {
  const config = { ...instanceEncoderConfig(settings, features, [64, 64]) };

  it('hold the pixels in the middle of the cells, the smaller object first', () => {
    const encoder = createEncoder(config);
    const targets = allocateTargets(encoder.targets);
    const full = (left: number, top: number, side: number): MaskPatch => ({
      left,
      top,
      width: side,
      height: side,
      data: new Uint8Array(side * side).fill(1),
    });
    encoder.encode(truthOf([full(0, 0, 16), full(7, 7, 5), full(40, 40, 3)], [0, 0, 0], [0, 0, 1]), targets);
    const layer = (l: number) =>
      Array.from({ length: 4 }, (_, y) => [...targets.masks.slice((l * 16 + y) * 16, (l * 16 + y) * 16 + 4)]);
    // pixels 2, 6, 10 and 14; the second object has 7 to 11
    expect(layer(0)).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
      [1, 1, 2, 1],
      [1, 1, 1, 1],
    ]);
    expect(
      layer(1)
        .flat()
        .reduce((sum, value) => sum + value, 0),
    ).toBe(1);
    expect(layer(1)[2]![2]).toBe(1);
    expect(Math.max(...targets.masks)).toBe(2); // the ignored one is not taught
  });

  it('through encoding, decoding and evaluation give AP 1 of every object that a point of the masks sees', () => {
    const random = createRandom([9]);
    const labels = {
      classes: [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ],
    };
    const evaluator = createInstanceEvaluator({ labels });
    const encoder = createEncoder({ ...config, maskSize: [64, 64], maskStride: 1 });
    const targets = allocateTargets(encoder.targets);
    for (let image = 0; image < 6; image++) {
      const masks = Array.from({ length: 5 }, () => {
        const [width, height] = [4 + random.integer(24), 4 + random.integer(24)];
        return disc(random.integer(64 - width), random.integer(64 - height), width, height);
      });
      const truth = truthOf(
        masks,
        masks.map((_, i) => i % 2),
      );
      encoder.encode(truth, targets);
      const taught = encoder.decode?.(targets) as InstanceTruth;
      expect([...taught.labels]).toEqual([...truth.labels]);
      const answer: Instances = {
        boxes: Float32Array.from(taught.boxes),
        labels: taught.labels,
        scores: new Float32Array(taught.labels.length).fill(0.9),
        masks: taught.masks.map((patch) => packPatch(patch, { width: 64, height: 64 })),
      };
      evaluator.add(`${image}`, truth, answer);
    }
    const { AP, AP50, boxAP, perClass } = evaluator.report();
    expect([AP, AP50, boxAP].map((value) => value?.toFixed(3))).toEqual(['1.000', '1.000', '1.000']);
    expect(perClass.map(({ name, AP: each }) => [name, each?.toFixed(3)])).toEqual([
      ['a', '1.000'],
      ['b', '1.000'],
    ]);
  });
});

describe('the loss of masks', () => {
  it('is 0 of masks that are the truth, near 1 of their opposite', () => {
    const inputSize = [64, 64] as const;
    const encoderConfig = instanceEncoderConfig(settings, features, inputSize);
    const encoder = createEncoder(encoderConfig);
    const points = createPoints(encoderConfig);
    const A = points.length / 3;
    tf.tidy(() => {
      const half: MaskPatch = { left: 0, top: 0, width: 64, height: 32, data: new Uint8Array(64 * 32).fill(1) };
      const targets = encodeTargets(encoder, [truthOf([half], [0])]);
      // the boxes of every place are the truth's: distances in cells are whole at no place, so take all bins alike
      const kernel = new Float32Array(countKernel(8));
      kernel[80 + 0] = 1; // second layer: 0 -> 0
      kernel[0] = 100; // first: prototype 0 -> 0
      kernel[80 + 64] = 1;
      kernel[168] = -50; // logits 50 where the prototype is 1, -50 where it is 0
      const at = (upper: number) =>
        tf.tensor4d(
          Float32Array.from({ length: 8 * 8 * 8 }, (_, i) => (i % 8 === 0 ? (i < 256 ? upper : 1 - upper) : 0)),
          [1, 8, 8, 8],
        );
      const mask = (upper: number): number => {
        const raw = {
          logits: tf.zeros([1, A, 1]) as tf.Tensor3D,
          bins: tf.zeros([1, A, 32]) as tf.Tensor3D,
          kernels: tf.tile(tf.tensor3d(kernel, [1, 1, 169]), [1, A, 1]) as tf.Tensor3D,
          prototypes: at(upper),
        };
        const strides = { stride: 8, maskStride: 4 };
        return reduceLosses(instanceLoss(raw, targets, points, strides, settings, undefined)).mask!.dataSync()[0]!;
      };
      expect(mask(1)).toBeLessThan(0.03); // the row between them is shared
      expect(mask(0)).toBeGreaterThan(0.9);
    });
  });
});

describe('decoding of instances', () => {
  it('draws what a place predicts, in pixels of the original image', () => {
    const grids = [{ height: 8, width: 8, stride: 8 }];
    const points = createPoints({ grids });
    const logits = new Float32Array(64).fill(-20);
    const bins = new Float32Array(64 * 4 * 8).fill(-40);
    const place = 2 * 8 + 2; // (20, 20)
    logits[place] = 3;
    for (let side = 0; side < 4; side++) bins[(place * 4 + side) * 8 + 2] = 0; // 4 to 36
    const kernels = new Float32Array(64 * 169);
    const kernel = kernels.subarray(place * 169, (place + 1) * 169);
    kernel[8 * 8] = 1; // relative x, above 0 left of the place
    kernel[80] = 1;
    kernel[144] = 1;
    kernel[168] = -0.0001;
    const values = new Float32Array(8 * 8 * 8);
    const placement = { width: 32, height: 32, scaleX: 2, scaleY: 2, offsetX: 0, offsetY: 0 };
    const outputs = { logits, bins, kernels, prototypes: { values, height: 8, width: 8, stride: 8, shift: 0.5 } };
    const found = decodeInstances(outputs, points, placement, settings.decode, 0.5);
    expect([...found.boxes]).toEqual([2, 2, 18, 18]);
    const [mask] = found.masks;
    expect(mask?.size).toEqual([32, 32]);
    const patch = patchOfMask(mask!);
    // left of x = 20 in the input is left of 10 in the image; around the box 2 pixels more, from 0
    expect(patch).toMatchObject({ left: 0, top: 0, width: 10, height: 20 });
    expect(patch?.data.every((value) => value === 1)).toBe(true);
  });
});
