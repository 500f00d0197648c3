import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNetwork } from '../../configs/network.js';
import { readExperiment } from '../../configs/read.js';
import { uploadImages } from '../../engine/images.js';
import { createRandom } from '../../engine/random.js';
import { createDetectionEncoder, createSemanticEncoder } from '../../heads/index.js';
import { createAdamW } from '../../training/optimizers.js';
import { createTrainingStep, stepScalars, stepSeed } from '../../training/step.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-network-'));
beforeAll(() => {
  for (const list of ['Main', 'Segmentation']) {
    mkdirSync(join(folder, `cells/ImageSets/${list}`), { recursive: true });
    for (const split of ['train', 'val']) writeFileSync(join(folder, `cells/ImageSets/${list}/${split}.txt`), 'a\n');
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const SIDE = 64;
const labels = { classes: ['a', 'b'].map((name, id) => ({ id, name })) };

/** The targets of one image, whose left half is an object of the second class. */
const TARGETS = {
  detection: (config: unknown) => {
    const { targets, encode } = createDetectionEncoder(config as Parameters<typeof createDetectionEncoder>[0]);
    const { classes, boxes } = targets;
    const into = {
      classes: new Int32Array(classes?.shape[0] ?? 0),
      boxes: new Float32Array((boxes?.shape[0] ?? 0) * 4),
      positives: new Float32Array(1),
    };
    const box = { boxes: Float64Array.of(0, 0, 32, 64), labels: Int32Array.of(1) };
    encode({ kind: 'boxes', ...box, ignored: new Uint8Array(1), areas: Float64Array.of(32 * 64) }, into);
    return { targets, into };
  },
  segmentation: (config: unknown) => {
    const { targets, encode } = createSemanticEncoder(config as Parameters<typeof createSemanticEncoder>[0]);
    const into = { mask: new Int32Array(SIDE * SIDE) };
    const mask = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < 32 ? 1 : 0));
    encode({ kind: 'classMap', mask, width: SIDE, height: SIDE }, into);
    return { targets, into };
  },
} as const;

it.each(['detection', 'segmentation'] as const)('%s on a vision transformer trains from a config', (task) => {
  const file = join(folder, 'c.yaml');
  const model = `{ backbone: vit_tiny_patch16_224, neck: simple-pyramid, neckChannels: 8, inputSize: [${SIDE}, ${SIDE}] }`;
  writeFileSync(file, `task: ${task}\ndata: { kind: voc, root: cells, classes: [a, b] }\nmodel: ${model}\n`);
  const network = createNetwork(readExperiment(file), labels);
  const { targets, into } = TARGETS[task](network.encoder.config);
  const random = createRandom([1]);
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) =>
    Math.floor(i / 3) % SIDE < 32 ? random.integer(100) : 255,
  );
  const images = uploadImages(pixels, [1, SIDE, SIDE, 3]);
  const batch = Object.fromEntries(
    Object.entries(targets).map(([name, { shape, dtype }]) => [
      name,
      tf.tensor(into[name as keyof typeof into], [1, ...shape], dtype),
    ]),
  );
  const optimizer = createAdamW(network.model.parameters, { weightDecay: 0 });
  const step = createTrainingStep({ model: network.model, optimizer });
  const losses = Array.from({ length: 6 }, (_, i) => {
    const scalars = Object.entries(stepScalars(optimizer, undefined, i, 1e-3));
    const rates = Object.fromEntries(scalars.map(([name, value]) => [name, tf.scalar(value)]));
    return step(images, batch, rates, stepSeed(1, i)).losses.total?.dataSync()[0] ?? Number.NaN;
  });
  expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] as number));
  for (const part of ['backbone.patch_embed.proj.weight', 'fpn.P3.up.0.weight']) {
    expect(network.model.parameters.has(part), part).toBe(true);
  }
  step.dispose();
  optimizer.dispose();
  network.dispose();
});
