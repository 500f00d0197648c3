import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  architectureOf,
  BACKBONE_ARCHS,
  type BackboneArch,
  countNetwork,
  createBackbone,
  isBackboneArch,
} from '../../../backbones/index.js';
import { idOf, placeholder, withoutValues } from '../../../engine/shapes/shapes.js';
import { backboneRows, describeBackbones, describeFamilies } from '../../../tools/inspect/backbones.js';
import { followFields, PIXEL, receptiveField } from '../../../tools/inspect/fields.js';
import { peakBytes } from '../../../tools/inspect/memory.js';
import { backboneTables, describeBackbone } from '../../../tools/inspect/tables.js';
import { runProgram } from '../program.js';

/** Runs a function of a [1, 8, 12, 2] map on shapes. */
function trace(run: (x: tf.Tensor4D) => tf.Tensor) {
  const { result, operations } = withoutValues(() => {
    let ids = [0, 0];
    tf.tidy(() => {
      const x = placeholder<tf.Rank.R4>([1, 8, 12, 2]);
      ids = [idOf(x), idOf(run(x))];
    });
    return ids;
  });
  const [given = 0, made = 0] = result;
  return { given, made, operations };
}

describe('the receptive field', () => {
  const seen = (run: (x: tf.Tensor4D) => tf.Tensor) => {
    const { given, made, operations } = trace(run);
    const fields = new Map([[given, PIXEL]]);
    followFields(fields, operations);
    return receptiveField(fields.get(made) ?? PIXEL);
  };
  const filter = (height: number, width: number, inChannels = 2) =>
    tf.fill([height, width, inChannels, 2], 0) as tf.Tensor4D;

  it('grows by what was strided over before', () => {
    expect(seen((x) => tf.conv2d(tf.conv2d(x, filter(3, 3), 2, 'same'), filter(3, 5), 1, 'same'))).toEqual([7, 11]);
    expect(seen((x) => tf.maxPool(tf.avgPool(x, 2, 2, 'valid'), [3, 1], 1, 'same'))).toEqual([6, 2]);
    expect(seen((x) => tf.conv2d(x, filter(3, 3), 1, 'same', 'NHWC', 3))).toEqual([7, 7]);
  });

  it('of a sum is the wider one, of shifted maps both together', () => {
    expect(seen((x) => tf.add(x, tf.conv2d(x, filter(5, 3), 1, 'same')))).toEqual([5, 3]);
    const shifted = (x: tf.Tensor4D) =>
      tf.concat([tf.slice(x, [0, 0, 0, 0], [1, 6, 12, 2]), tf.slice(x, [0, 2, 0, 0], [1, 6, 12, 2])], 3);
    expect(seen(shifted)).toEqual([3, 1]);
  });

  it('is not widened by a gate, and is everything after attention or a mean over the map', () => {
    expect(seen((x) => tf.mul(x, tf.sigmoid(tf.mean(x, [1, 2], true))))).toEqual([1, 1]);
    const tokens = (x: tf.Tensor4D) => tf.reshape(x, [1, 96, 2]);
    expect(seen((x) => tf.matMul(tokens(x), tokens(x), false, true))).toEqual([Infinity, Infinity]);
    expect(seen((x) => tf.mean(x, [1, 2]))).toEqual([Infinity, Infinity]);
    expect(seen((x) => tf.mean(x, -1))).toEqual([1, 1]);
  });

  // Araujo et al. 2019, table; ResNet-50 by hand with the stride in the 3x3 convolution, as torchvision and timm have it
  it.each([
    ['alexnet', 195],
    ['vgg16', 212],
    ['inception_v3', 1311],
    ['resnet50', 7 + 2 * 2 + 3 * 2 * 4 + (2 * 4 + 3 * 2 * 8) + (2 * 8 + 5 * 2 * 16) + (2 * 16 + 2 * 2 * 32)],
  ])('of %s is the published %i pixels', (arch, pixels) => {
    if (!isBackboneArch(arch)) throw new Error(`${arch} is gone`);
    expect(backboneTables(arch).stages.at(-1)?.receptiveField).toEqual([pixels, pixels]);
  });
});

describe('the memory of maps', () => {
  it('is that of the operation with the most alive, views for nothing', () => {
    const { given, made, operations } = trace((x) => {
      const wide = tf.conv2d(x, tf.fill([1, 1, 2, 8], 0) as tf.Tensor4D, 1, 'same'); // 192 -> 768
      const flat = tf.reshape(tf.relu(wide), [8, 96]); // 768 and 768; the image is free
      return tf.sum(flat, 1); // 768 -> 8
    });
    const given1 = new Map([[given, 192]]);
    expect(peakBytes(operations, given1, [made])).toBe(4 * (768 + 768));
  });

  it('holds a map until its last use, and results to the end', () => {
    const { given, made, operations } = trace((x) => tf.add(tf.relu(tf.relu(x)), x));
    expect(peakBytes(operations, new Map([[given, 192]]), [made])).toBe(4 * 192 * 3);
    expect(
      peakBytes(
        operations,
        new Map([[given, 192]]),
        operations.map(({ id }) => id),
      ),
    ).toBe(4 * 192 * 4);
  });
});

describe('the table of a backbone', () => {
  const arch = 'tf_efficientnet_b0';
  const tables = backboneTables(arch);

  it('adds up to what the whole network costs', () => {
    const counts = countNetwork(() => createBackbone({ arch, frozen: 'all', seed: 1 }), [224, 224, 3]);
    expect(tables).toMatchObject({ parameters: counts.parameters, activations: counts.activations });
    expect(tables.macs).toBe(counts.macs + counts.mapMacs);
    expect(tables.classifier).toEqual({ parameters: 5_288_548, macs: 385_814_752 });
  });

  it('has the sizes of the maps, and follows the image', () => {
    expect(tables.stages.map(({ size }) => size[0])).toEqual([112, 112, 56, 28, 14, 14, 7, 7]);
    expect(backboneTables(arch, 448).macs).toBeGreaterThan(3.9 * tables.macs);
    expect(backboneTables(arch, 448).peakBytes).toBe(4 * tables.peakBytes);
  });

  it('is written for a terminal', () => {
    const [title, costs, header, ...lines] = describeBackbone(tables).split('\n');
    expect(title).toMatch(
      /^tf_efficientnet_b0, 224 x 224: 3,595,388 parameters .* 385,814,752 MACs with 1000 classes$/,
    );
    expect(costs).toMatch(/ activations, at most \d+\.\d MiB of maps at a time$/);
    expect(header).toMatch(/^stage +map +stride +cells +channels +parameters +MACs +activations +sees, pixels$/);
    expect(lines).toHaveLength(architectureOf(arch).stages.length);
  });
});

describe('all backbones', () => {
  const rows = backboneRows();

  it('have a row each, with maps of falling size', () => {
    expect(rows.map((row) => row.arch)).toEqual(BACKBONE_ARCHS);
    for (const { arch, levels, macs, peakBytes } of rows) {
      const strides = levels.map(({ stride }) => stride);
      expect(strides, arch).toEqual(strides.toSorted((a, b) => a - b));
      expect(Math.min(macs, peakBytes, levels.length), arch).toBeGreaterThan(0);
    }
  });

  it('are written as pages and by family', () => {
    const some = rows.filter(({ family }) => family === 'resnet');
    const page = describeBackbones(some, { markdown: true }).split('\n');
    expect(page).toHaveLength(some.length + 2);
    expect(page.find((line) => line.startsWith('| `resnet50` '))).toMatch(
      /\| +224 \| +25\.557 \| +4\.089 \| +11\.114 \| +\d+\.\d+ \| P1-P5 +\| 2 4 8 16 32 +\| 64 256 512 1024 2048 +\| 427 +\|$/,
    );
    expect(describeFamilies(some)).toMatch(/resnet +\d+ +resnet18: 11\.7 M, 1\.8 G +resnet152: 60\.2 M/);
  });

  it('each opens in the command line by its name', () => {
    const of = (arch: BackboneArch) => runProgram('.', ['inspect', arch, '--json']);
    const { status, stdout } = of('resnet18');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ arch: 'resnet18', classifier: { parameters: 11_689_512 } });
  });
});
