import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNetwork } from '../../configs/network.js';
import { readExperiment } from '../../configs/read.js';
import { uploadImages } from '../../engine/images.js';
import { createRandom } from '../../engine/random.js';
import { createRetinaEncoder, createSemanticEncoder, encodeTargets, type TargetTensors } from '../../heads/index.js';
import { createAdamW } from '../../training/optimizers.js';
import { createTrainingStep } from '../../training/step.js';

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
const TARGETS: { readonly [task: string]: (config: unknown) => TargetTensors } = {
  detection: (config) => {
    const box = { boxes: Float64Array.of(0, 0, 32, 64), labels: Int32Array.of(1) };
    const encoder = createRetinaEncoder(config as Parameters<typeof createRetinaEncoder>[0]);
    const truth = { kind: 'boxes', ...box, ignored: new Uint8Array(1), areas: Float64Array.of(32 * 64) } as const;
    return encodeTargets(encoder, [truth]) as unknown as TargetTensors;
  },
  segmentation: (config) => {
    const mask = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < 32 ? 1 : 0));
    const encoder = createSemanticEncoder(config as Parameters<typeof createSemanticEncoder>[0]);
    return encodeTargets(encoder, [{ kind: 'classMap', mask, width: SIDE, height: SIDE }]) as unknown as TargetTensors;
  },
};

it.each(['detection', 'segmentation'] as const)('%s on a vision transformer trains from a config', async (task) => {
  const file = join(folder, 'c.yaml');
  const model = `{ backbone: vit_tiny_patch16_224, neck: simple-pyramid, neckChannels: 8, inputSize: [${SIDE}, ${SIDE}] }`;
  writeFileSync(file, `task: ${task}\ndata: { kind: voc, root: cells, classes: [a, b] }\nmodel: ${model}\n`);
  const network = createNetwork(readExperiment(file), labels);
  const targets = TARGETS[task]?.(network.encoder.config) as TargetTensors;
  const random = createRandom([1]);
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) =>
    Math.floor(i / 3) % SIDE < 32 ? random.integer(100) : 255,
  );
  const images = uploadImages(pixels, [1, SIDE, SIDE, 3]);
  const optimizer = createAdamW(network.model.parameters, { weightDecay: 0 });
  const step = createTrainingStep({ model: network.model, optimizer });
  const losses: number[] = [];
  for (let i = 0; i < 6; i++) {
    const result = await step.run(images, targets, { step: i, learningRate: 1e-3 });
    losses.push(result.losses.total?.dataSync()[0] ?? Number.NaN);
  }
  expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] as number));
  for (const part of ['backbone.patch_embed.proj.weight', 'fpn.P3.up.0.weight']) {
    expect(network.model.parameters.has(part), part).toBe(true);
  }
  step.dispose();
  optimizer.dispose();
  network.dispose();
});
