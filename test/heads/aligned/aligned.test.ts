import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../../backbones/features.js';
import { allocateTargets } from '../../../datasets/encoder.js';
import type { DetectionTruth } from '../../../datasets/sample.js';
import { createRandom } from '../../../engine/random.js';
import { alignPlaces } from '../../../heads/aligned/assign.js';
import { alignedConfig } from '../../../heads/aligned/config.js';
import { decodeAligned } from '../../../heads/aligned/decode.js';
import { createEncoder } from '../../../heads/aligned/encoder.js';
import { alignedEncoderConfig, createAlignedHead } from '../../../heads/aligned/head.js';
import { createPoints } from '../../../heads/boxes/points.js';
import { createModel, readModel } from '../../../heads/index.js';
import { reduceLosses } from '../../../heads/losses/term.js';
import { encodeTargets } from '../../../heads/targets.js';
import { runHeadCases } from '../../conformance/head.js';
import { randomMaps } from '../../conformance/neck.js';

const truthOf = (boxes: readonly (readonly number[])[], labels: readonly number[], ignored: readonly number[] = []) =>
  ({
    kind: 'boxes',
    boxes: Float64Array.from(boxes.flat()),
    labels: Int32Array.from(labels),
    ignored: Uint8Array.from(labels, (_, i) => ignored[i] ?? 0),
    areas: new Float64Array(labels.length),
  }) satisfies DetectionTruth;

const features = Object.fromEntries(
  [3, 4, 5].map((level) => [`P${level}`, { channels: 8, stride: 2 ** level, tap: 'a' }]),
) as unknown as FeatureSpec;
const settings = alignedConfig.parse({ kind: 'aligned' });

const crowd = (count: number, [height, width]: readonly [number, number], classes: number): DetectionTruth => {
  const random = createRandom([7, count]);
  const boxes = Array.from({ length: count }, () => {
    const [x, y] = [random.uniform(0, width - 4), random.uniform(0, height - 4)];
    return [x, y, Math.min(width, x + random.uniform(3, 30)), Math.min(height, y + random.uniform(3, 30))];
  });
  return truthOf(
    boxes,
    boxes.map((_, i) => i % classes),
  );
};

for (const [classes, inputSize, objects] of [
  [1, [64, 90], 1],
  [2, [64, 64], 300],
  [91, [32, 32], 5],
  [1, [1, 1], 1],
] as const) {
  runHeadCases({
    name: `aligned of ${classes} classes and ${objects} objects, ${inputSize.join(' x ')}`,
    features,
    inputSize,
    encoder: createEncoder(alignedEncoderConfig(settings, features, inputSize)),
    truths: [
      objects === 1 ? truthOf([[0, 0, inputSize[1], inputSize[0]]], [classes - 1]) : crowd(objects, inputSize, classes),
      truthOf([], []),
    ].slice(0, inputSize[0]),
    create: (frozen) => createAlignedHead({ classes, inputSize, repeats: 1, frozen }, features),
  });
}

const grids = [
  { height: 8, width: 8, stride: 8 },
  { height: 4, width: 4, stride: 16 },
] as const;
const points = createPoints({ grids });
const A = points.length / 3;

type Box = readonly number[];
const iou = (a: Box, b: Box): number => {
  const width = Math.max(0, Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!));
  const height = Math.max(0, Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!));
  const area = (c: Box): number => (c[2]! - c[0]!) * (c[3]! - c[1]!);
  return (width * height) / (area(a) + area(b) - width * height);
};
const isInside = (place: number, [x1, y1, x2, y2]: Box): boolean => {
  const [x, y] = [points[place * 3]!, points[place * 3 + 1]!];
  return Math.min(x - x1!, y - y1!, x2! - x, y2! - y) > 0.01;
};

/** Where an object's places may lie: as wide and high as a cell of the finest map at least. */
const reach = ([x1, y1, x2, y2]: Box): Box => {
  const [dx, dy] = [Math.max(0, 8.04 - (x2! - x1!)) / 2, Math.max(0, 8.04 - (y2! - y1!)) / 2];
  return [x1! - dx, y1! - dy, x2! + dx, y2! + dy];
};
const boxesOf = ({ boxes, labels }: DetectionTruth): readonly Box[] =>
  Array.from(labels, (_, m) => Array.from(boxes.subarray(m * 4, m * 4 + 4)));

describe('task-aligned assignment', () => {
  /** As TOOD's authors write it: every place with every object. */
  function dense(
    scores: readonly (readonly number[])[],
    predicted: readonly Box[],
    truth: DetectionTruth,
    topK: number,
  ): { readonly owner: readonly number[]; readonly quality: readonly number[] } {
    const objects = boxesOf(truth);
    const u = objects.map((box) => predicted.map((each) => iou(each, box)));
    const t = objects.map((_, m) => predicted.map((_, a) => scores[a]![truth.labels[m]!]! * u[m]![a]! ** 6));
    const chosen = objects.map((box, m) => {
      const order = predicted.map((_, a) => a).filter((a) => isInside(a, reach(box)) && t[m]![a]! > 0);
      return new Set(order.sort((a, b) => t[m]![b]! - t[m]![a]!).slice(0, topK));
    });
    const owner = predicted.map((_, a) => {
      const takers = objects.map((_, m) => m).filter((m) => chosen[m]!.has(a));
      return takers.sort((m, n) => u[n]![a]! - u[m]![a]!)[0] ?? -1;
    });
    const quality = owner.map((m, a) => {
      if (m < 0) return 0;
      const own = owner.flatMap((each, place) => (each === m ? [place] : []));
      const most = (values: readonly number[]): number => Math.max(...own.map((place) => values[place]!));
      return (t[m]![a]! / (most(t[m]!) + 1e-7)) * most(u[m]!);
    });
    return { owner, quality };
  }

  it.each([
    [1, 3],
    [13, 1],
    [13, 40],
    [4, 0],
  ])('gives the %i best places of each of %i objects to them, as the dense form does', (topK, count) => {
    const random = createRandom([3, topK, count]);
    const truths = [crowd(count, [64, 64], 3), crowd(Math.ceil(count / 2), [64, 64], 3)];
    const encoder = createEncoder({ grids, maxObjects: 64, atssTopK: 9 });
    const places = Array.from({ length: A }, (_, a) => a);
    const scores = truths.map(() => places.map(() => [0, 1, 2].map(() => random.uniform(0.01, 0.9))));
    const predicted = truths.map(() =>
      places.map((a) => {
        const [x, y, s] = [points[a * 3]!, points[a * 3 + 1]!, points[a * 3 + 2]!];
        const side = (): number => random.uniform(0.2, 2) * s;
        return [x - side(), y - side(), x + side(), y + side()];
      }),
    );
    tf.tidy(() => {
      const targets = encodeTargets(encoder, truths);
      const found = alignPlaces(tf.tensor3d(scores), tf.tensor3d(predicted), targets, { alpha: 1, beta: 6, topK });
      const [owner, quality] = [found.owner.arraySync(), found.quality.arraySync()];
      truths.forEach((truth, n) => {
        const over = places.map((a) => boxesOf(truth).filter((box) => isInside(a, reach(box))).length);
        expect(Math.max(...over)).toBeLessThanOrEqual(8); // it looks at eight objects over a place
        const wanted = dense(scores[n]!, predicted[n]!, truth, topK);
        expect(owner[n]).toEqual(wanted.owner);
        wanted.quality.forEach((value, a) => {
          expect(quality[n]![a]).toBeCloseTo(value, 5);
        });
      });
    });
  });

  it('scales the alignments of an object so that the largest is its largest IoU', () => {
    // 16 x 16 pixels at the corner hold four places of the finer map and one of the coarser; three predict something
    const encoder = createEncoder({ grids, maxObjects: 2, atssTopK: 9 });
    const predicted = Array.from({ length: A }, () => [60, 60, 61, 61]);
    predicted[0] = [0, 0, 16, 16]; // IoU 1
    predicted[1] = [0, 0, 16, 8]; // 0.5
    predicted[64] = [0, 0, 8, 8]; // 0.25
    const scores = Array.from({ length: A }, (_, a) => [a === 1 ? 0.8 : 0.4]);
    tf.tidy(() => {
      const targets = encodeTargets(encoder, [truthOf([[0, 0, 16, 16]], [0])]);
      const options = { alpha: 1, beta: 6, topK: 2 };
      const { owner, quality } = alignPlaces(tf.tensor3d([scores]), tf.tensor3d([predicted]), targets, options);
      const found = [...owner.dataSync()].flatMap((m, a) => (m >= 0 ? [a] : []));
      expect(found).toEqual([0, 1]);
      expect(quality.dataSync()[0]).toBeCloseTo(1, 6); // 0.4 / 0.4 * 1
      expect(quality.dataSync()[1]).toBeCloseTo((0.8 * 0.5 ** 6) / 0.4, 6); // 0.03125
    });
  });

  it('teaches a place under two objects the one that its box overlaps most', () => {
    const encoder = createEncoder({ grids, maxObjects: 4, atssTopK: 9 });
    const truth = truthOf(
      [
        [0, 0, 32, 32],
        [0, 0, 16, 16],
      ],
      [0, 1],
    );
    const predicted = Array.from({ length: A }, () => [0, 0, 30, 30]);
    predicted[0] = [0, 0, 17, 17];
    const scores = Array.from({ length: A }, () => [0.9, 0.1]);
    tf.tidy(() => {
      const targets = encodeTargets(encoder, [truth]);
      const { owner } = alignPlaces(tf.tensor3d([scores]), tf.tensor3d([predicted]), targets, {
        alpha: 1,
        beta: 6,
        topK: 40,
      });
      expect([...owner.dataSync().subarray(0, 3)]).toEqual([1, 0, 0]);
    });
  });
});

describe('adaptive training sample selection', () => {
  /** Algorithm 1 of the paper, every place with every object; and the best candidates where its threshold leaves none. */
  function dense(truth: DetectionTruth, topK: number): readonly number[] {
    const best = new Array<number>(A).fill(0);
    const owner = new Array<number>(A).fill(-1);
    boxesOf(truth).forEach((box, m) => {
      const centre = [(box[0]! + box[2]!) / 2, (box[1]! + box[3]!) / 2] as const;
      const distance = (a: number): number =>
        Math.hypot(points[a * 3]! - centre[0], points[a * 3 + 1]! - centre[1]) / points[a * 3 + 2]!;
      const candidates = [
        [0, 64],
        [64, 80],
      ].flatMap(([from, to]) =>
        Array.from({ length: to! - from! }, (_, i) => from! + i)
          .sort((a, b) => distance(a) - distance(b) || a - b)
          .slice(0, topK),
      );
      const overlaps = candidates.map((a) => {
        const [x, y, half] = [points[a * 3]!, points[a * 3 + 1]!, 4 * points[a * 3 + 2]!];
        return iou([x - half, y - half, x + half, y + half], box);
      });
      const mean = overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length;
      const variance = overlaps.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (overlaps.length - 1);
      candidates.forEach((a, i) => {
        if (
          overlaps[i]! < Math.min(mean + Math.sqrt(variance), Math.max(...overlaps)) ||
          !isInside(a, reach(box)) ||
          overlaps[i]! <= best[a]!
        )
          return;
        best[a] = overlaps[i]!;
        owner[a] = m;
      });
    });
    return owner;
  }

  it.each([1, 2, 40])("gives places to %i objects as the paper's algorithm does", (count) => {
    const truth = crowd(count, [64, 64], 2);
    const encoder = createEncoder({ grids, maxObjects: 64, atssTopK: 9 });
    const targets = allocateTargets(encoder.targets);
    encoder.encode(truth, targets);
    expect([...targets.fixed]).toEqual(dense(truth, 9));
    expect(targets.fixed.some((m) => m >= 0)).toBe(true);
  });

  it('chooses the map whose squares fit the object', () => {
    const encoder = createEncoder({ grids, maxObjects: 2, atssTopK: 1 });
    const targets = allocateTargets(encoder.targets);
    const found = (truth: DetectionTruth): readonly number[] => {
      encoder.encode(truth, targets);
      return [...targets.fixed].flatMap((m, a) => (m === 0 ? [a] : []));
    };
    // the squares of 64 and 128 pixels: IoU 60 * 60 / 4592 = 0.78 of the one at (28, 28), all of 64 * 64 / 12544 = 0.33 of the one at (24, 24)
    expect(found(truthOf([[0, 0, 64, 64]], [0]))).toEqual([3 * 8 + 3]);
    expect(found(truthOf([[-32, -32, 96, 96]], [0]))).toEqual([64 + 4 + 1]);
    expect(found(truthOf([[0, 0, 64, 64]], [0], [1]))).toEqual([]);
    expect([...targets.ignored].every((value) => value === 1)).toBe(true);
  });

  it('leaves no object without a place, however small, also on the line between two', () => {
    const encoder = createEncoder({ grids, maxObjects: 3, atssTopK: 9 });
    const targets = allocateTargets(encoder.targets);
    const boxes = [
      [20, 20, 28, 28],
      [31.5, 31.5, 32.5, 32.5],
      [0, 0, 0.5, 64],
    ];
    encoder.encode(truthOf(boxes, [0, 0, 0]), targets);
    for (const m of [0, 1, 2]) expect(targets.starts[m + 1]).toBeGreaterThan(targets.starts[m]!);
  });

  it('leaves objects beyond the most out of the loss, with their places', () => {
    const encoder = createEncoder({ grids, maxObjects: 1, atssTopK: 9 });
    const targets = allocateTargets(encoder.targets);
    encoder.encode(
      truthOf(
        [
          [0, 0, 16, 16],
          [48, 48, 64, 64],
        ],
        [0, 0],
      ),
      targets,
    );
    expect([...targets.labels]).toEqual([0]);
    expect([...targets.starts]).toEqual([0, 5]); // 4 places of the finer map and 1 of the coarser
    expect([...targets.ignored].flatMap((value, a) => (value ? [a] : []))).toEqual([54, 55, 62, 63, 79]);
    expect([...(encoder.decode?.(targets).boxes ?? [])]).toEqual([0, 0, 16, 16]);
  });
});

describe('the loss of aligned places', () => {
  const inputSize = [64, 64] as const;
  const encoder = createEncoder(alignedEncoderConfig(settings, features, inputSize));
  const truth = truthOf([[9, 10, 40, 42]], [1]);
  const at = (share: number, epochs: number) => ({ share: tf.scalar(share), epochs: tf.scalar(epochs) });

  it('teaches places of ATSS for a tenth of the steps and four epochs at most, then those that are aligned', () => {
    const head = createAlignedHead({ classes: 2, inputSize, repeats: 1 }, features);
    tf.tidy(() => {
      const targets = encodeTargets(encoder, [truth]);
      const raw = head.forward(randomMaps(features, 1, inputSize), { training: false });
      const total = (progress?: ReturnType<typeof at>): number =>
        reduceLosses(head.loss(raw, targets, progress)).total.dataSync()[0]!;
      const [early, late] = [total(at(0, 0)), total()];
      expect(early).not.toBeCloseTo(late, 3);
      expect(total(at(0.0999, 3.9))).toBe(early);
      expect(total(at(0.1001, 3.9))).toBe(late);
      expect(total(at(0.05, 4))).toBe(late);
    });
    head.dispose();
  });

  it('is that of the formulas while places are those of ATSS', () => {
    // all logits 0: scores 0.5, distances 3.5 cells, each with weight 0.5
    const points = createPoints(alignedEncoderConfig(settings, features, inputSize));
    const A = points.length / 3;
    const head = createAlignedHead({ classes: 2, inputSize, repeats: 0 }, features);
    tf.tidy(() => {
      const targets = encodeTargets(encoder, [truth]);
      const raw = { logits: tf.zeros([1, A, 2]) as tf.Tensor3D, bins: tf.zeros([1, A, 32]) as tf.Tensor3D };
      const found = reduceLosses(head.loss(raw, targets, at(0, 0))) as unknown as {
        readonly [term: string]: tf.Scalar;
      };
      const fixed = [...targets.fixed.dataSync()].flatMap((m, a) => (m === 0 ? [a] : []));
      const [x1, y1, x2, y2] = [9, 10, 40, 42];
      const boxes = fixed.map((a) => {
        const [x, y, s] = [points[a * 3]!, points[a * 3 + 1]!, points[a * 3 + 2]!];
        return [x - 3.5 * s, y - 3.5 * s, x + 3.5 * s, y + 3.5 * s];
      });
      const overlaps = boxes.map((box) => iou(box, [x1, y1, x2, y2]));
      const giou = boxes.map((box, i) => {
        const around = [Math.min(box[0]!, x1), Math.min(box[1]!, y1), Math.max(box[2]!, x2), Math.max(box[3]!, y2)];
        const outer = (around[2]! - around[0]!) * (around[3]! - around[1]!);
        const area = (box[2]! - box[0]!) * (box[3]! - box[1]!);
        const union = (area + (x2 - x1) * (y2 - y1)) / (1 + overlaps[i]!);
        return 1 - overlaps[i]! + (outer - union) / outer;
      });
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      // logits of 0: |q - 0.5| ** 2 * log 2 for every place and class, over the number of places that have an object
      const quality = overlaps.reduce((sum, u) => sum + (0.5 - u) ** 2, 0) + 0.25 * (2 * A - fixed.length);
      const sum = 0.5 * fixed.length;
      expect(fixed.length).toBeGreaterThan(1);
      expect(found.class!.dataSync()[0]).toBeCloseTo((quality * Math.LN2) / fixed.length, 4);
      expect(found.box!.dataSync()[0]).toBeCloseTo((mean(giou) * sum) / Math.max(1, sum), 5);
      expect(found.distribution!.dataSync()[0]).toBeCloseTo((Math.log(8) * sum) / Math.max(1, sum), 5);
    });
    head.dispose();
  });

  it('leaves places of ignored objects out, unless they have one', () => {
    const head = createAlignedHead({ classes: 2, inputSize, repeats: 1 }, features);
    tf.tidy(() => {
      const raw = head.forward(randomMaps(features, 1, inputSize), { training: false });
      const classLoss = (each: DetectionTruth): number =>
        reduceLosses(head.loss(raw, encodeTargets(encoder, [each]))).total.dataSync()[0]!;
      expect(classLoss(truthOf([[-64, -64, 128, 128]], [0], [1]))).toBe(0);
      expect(classLoss(truthOf([], []))).toBeGreaterThan(0);
    });
    head.dispose();
  });
});

describe('decoding of aligned places', () => {
  it('finds again what perfect outputs say, in pixels of the original image', () => {
    const logits = new Float32Array(A * 2).fill(-20);
    const bins = new Float32Array(A * 4 * 8).fill(-40);
    const place = 2 * 8 + 2; // (20, 20), stride 8: 2, 1, 2, 1.5 cells to the sides
    logits[place * 2 + 1] = Math.log(3); // 0.75
    [2, 1, 2].forEach((distance, side) => {
      bins[(place * 4 + side) * 8 + distance] = 0;
    });
    bins[(place * 4 + 3) * 8 + 1] = 0;
    bins[(place * 4 + 3) * 8 + 2] = 0;
    const placement = { width: 32, height: 32, scaleX: 2, scaleY: 2, offsetX: 0, offsetY: 0 };
    const found = decodeAligned({ logits, bins }, points, placement, settings.decode);
    expect([...found.labels]).toEqual([1]);
    expect(found.scores[0]).toBeCloseTo(0.75, 6);
    expect([...found.boxes].map((side) => Number(side.toFixed(3)))).toEqual([2, 6, 18, 16]);
  });

  it('has distances of 7 cells below 512 pixels, of 16 from there', () => {
    for (const [side, bins] of [
      [320, 8],
      [512, 17],
    ] as const) {
      const config = readModel({ head: 'aligned', inputSize: [side, 64] }, 'retina');
      expect([config.head.kind, config.neck.kind]).toEqual(['aligned', 'bifpn']);
      const { model } = createModel(config, { classes: 3 });
      expect(model.parameters.get('box_net.predict.conv_pw.weight')?.variable.shape.at(-1)).toBe(4 * bins);
      expect(model.parameters.get('class_net.predict.conv_pw.weight')?.variable.shape.at(-1)).toBe(3);
      model.dispose();
    }
  });
});
