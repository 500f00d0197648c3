import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createDetector, createRetinaEncoder, encodeTargets, type RetinaEncoderConfig } from '../../heads/index.js';
import { createMapsTraining, createSgd, createTrainingStep } from '../../training/index.js';

const SIZE = [64, 64] as const;
const network = (frozen: 'all' | 'none') =>
  createDetector({
    backbone: { arch: 'mobilenetv2_035', frozen },
    neck: { kind: 'bifpn', channels: 8, repeats: 1 },
    head: { kind: 'retina', repeats: 1 },
    classes: 2,
    inputSize: SIZE,
    seed: 3,
  } as never);

/** Losses of three steps on two images, from the images or from their maps, and the neck's first parameter afterwards. */
async function losses(fromMaps: boolean) {
  const { model, encoder } = network('all');
  const maps = fromMaps ? createMapsTraining(model) : null;
  const optimizer = createSgd(model.parameters, {});
  const step = createTrainingStep({ model: maps?.model ?? model, optimizer });
  const images = tf.tensor4d(
    Float32Array.from({ length: 2 * 64 * 64 * 3 }, (_, i) => 127 + 100 * Math.sin(i * 0.3)),
    [2, ...SIZE, 3],
  );
  const truth = {
    kind: 'boxes' as const,
    boxes: Float64Array.of(8, 8, 40, 40),
    labels: Int32Array.of(1),
    ignored: new Uint8Array(1),
    areas: Float64Array.of(1024),
  };
  const targets = encodeTargets(createRetinaEncoder(encoder.config as RetinaEncoderConfig), [truth, truth]);
  const input = maps ? await maps.pack(images) : images;
  const found: number[] = [];
  for (let at = 0; at < 3; at++) {
    const result = await step.run(input, targets, { step: at, learningRate: 0.01 });
    found.push((await result.losses.total?.data())?.[0] ?? Number.NaN);
    tf.dispose([result.losses as tf.TensorContainer, result.gradientNorm, [...result.flags]]);
  }
  tf.dispose([images, targets as tf.TensorContainer]);
  if (maps) input.dispose();
  step.dispose();
  maps?.dispose();
  optimizer.dispose();
  model.dispose();
  return found;
}

describe('a head that is taught on cached maps', () => {
  it('learns what it learns from the images, where the backbone is frozen, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const [fromImages, fromMaps] = [await losses(false), await losses(true)];
    expect(tf.memory().numTensors).toBe(before);
    expect(fromMaps.map((loss, i) => Math.abs(loss / (fromImages[i] ?? 0) - 1) < 1e-4)).toEqual([true, true, true]);
    expect(fromMaps[2]).not.toBe(fromMaps[0]);
  });

  it('is refused where the backbone is trained, and before there are maps', () => {
    const { model } = network('none');
    expect(() => createMapsTraining(model)).toThrow(
      /of the backbone is trained: its maps change; build it with frozen: 'all'/,
    );
    model.dispose();
    const frozen = network('all').model;
    const { model: fromMaps, dispose } = createMapsTraining(frozen);
    expect(() => fromMaps.forward(tf.zeros([1, 9, 1, 1]), { training: false })).toThrow(/call pack first/);
    dispose();
    frozen.dispose();
  });
});
