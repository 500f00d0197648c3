import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findLibrary } from '../../../../engine/tensorflow/runtime/library.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
const url = (path: string): string => JSON.stringify(pathToFileURL(join(root, path)).href);

/** A training step of five blocks of four layers; the estimate made before it, and the peak of the process after it. */
const SCRIPT = `
import { readFileSync } from 'node:fs';
import * as tf from ${url('node_modules/@tensorflow/tfjs/dist/tf.node.js')};
import { checkpointed } from ${url('dist/engine/checkpointed.js')};
import { compile } from ${url('dist/engine/compile.js')};
import { ready } from ${url('dist/engine/engine.js')};
import { estimateMemory } from ${url('dist/engine/tensorflow/memory/memory.js')};
import ${url('dist/engine/tensorflow/tensorflow.js')};
await ready({ engine: 'tensorflow' });
const wrap = process.argv[2] === 'checkpointed' ? checkpointed : (block) => block;
const weight = (...shape) => tf.variable(tf.randomNormal(shape, 0, 0.1, 'float32', 1));
const layer = () => {
  const [depth, point] = [weight(3, 3, 32, 1), weight(1, 1, 32, 32)];
  return (x) => {
    const maps = tf.depthwiseConv2d(x, depth, 1, 'same');
    return tf.add(x, tf.tanh(tf.conv2d(tf.mul(maps, tf.sigmoid(maps)), point, 1, 'same')));
  };
};
const blocks = Array.from({ length: 5 }, () => {
  const layers = [layer(), layer(), layer(), layer()];
  return wrap((x) => layers.reduce((y, each) => each(y), x));
});
const sgd = tf.train.sgd(0.01);
const step = compile((x) => sgd.minimize(() => tf.mean(tf.square(blocks.reduce((y, block) => block(y), x))), true));
const images = tf.randomNormal([8, 96, 96, 32], 0, 1, 'float32', 1);
const base = process.memoryUsage.rss();
const { peakBytes } = estimateMemory(step, images);
for (let i = 0; i < 4; i++) step(images).dispose();
const measured = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
console.log(JSON.stringify({ base, estimated: peakBytes, measured }));
`;

function measure(mode: 'plain' | 'checkpointed'): {
  base: number;
  estimated: number;
  measured: number;
} {
  const file = join(mkdtempSync(join(tmpdir(), 'espalier-peak-')), 'step.mjs');
  writeFileSync(file, SCRIPT);
  const { stdout, stderr } = spawnSync(process.execPath, [file, mode], { encoding: 'utf8' });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof measure>;
}

describe.skipIf(findLibrary() === null || process.platform !== 'linux')('peak memory of a training step', () => {
  it('is estimated within 20 %, and less than halved above its base by recomputed blocks', () => {
    const plain = measure('plain');
    const again = measure('checkpointed');
    for (const { estimated, measured } of [plain, again]) expect(Math.abs(estimated / measured - 1)).toBeLessThan(0.2);
    expect((again.measured - again.base) / (plain.measured - plain.base)).toBeLessThan(0.5);
  });
});
