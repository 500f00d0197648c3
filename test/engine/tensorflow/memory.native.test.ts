import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { availableBytes, estimateMemory, requireMemory } from '../../../engine/tensorflow/memory.js';
import { compileQuietly } from './compiled.js';

const MIB = 2 ** 20;

describe('memory that is available', () => {
  const groups = (files: { readonly [path: string]: string }): string => {
    const root = mkdtempSync(join(tmpdir(), 'espalier-cgroup-'));
    mkdirSync(join(root, 'memory'));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    return root;
  };
  it('is what the control group leaves, its file cache included', () => {
    const second = { 'memory.max': `${300 * MIB}\n`, 'memory.current': `${250 * MIB}\n` };
    expect(availableBytes(groups(second))).toBe(50 * MIB);
    const cached = { ...second, 'memory.stat': `anon 5\ninactive_file ${20 * MIB}\nfile 9\n` };
    expect(availableBytes(groups(cached))).toBe(70 * MIB);
    const first = { 'memory/memory.limit_in_bytes': `${90 * MIB}`, 'memory/memory.usage_in_bytes': `${80 * MIB}` };
    expect(availableBytes(groups(first))).toBe(10 * MIB);
    expect(availableBytes(groups({ 'memory.max': `${MIB}`, 'memory.current': `${2 * MIB}` }))).toBe(0);
  });
  it('is what is free where there is no limit', () => {
    const free = availableBytes(groups({ 'memory.max': 'max', 'memory.current': '5' }));
    expect(Math.abs(free / freemem() - 1)).toBeLessThan(0.2);
    expect(availableBytes('/nowhere')).toBeGreaterThan(0);
  });
});

describe('the estimate of memory', () => {
  /** Square roots of a product: the product dies at once, the first operand is the caller's. */
  const { step } = compileQuietly((x: tf.Tensor) =>
    tf.sum(tf.sqrt(tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D, true))),
  );

  it('counts what is alive at once, works in place, and executes nothing', () => {
    const x = tf.zeros<tf.Rank.R2>([100, 2000]);
    const { neededBytes } = estimateMemory(step, x);
    const product = 2000 * 2000 * 4; // [2000, 2000] float32, whose square root overwrites it
    expect(neededBytes / (1.28 * product)).toBeGreaterThan(1);
    expect(neededBytes / (1.28 * product)).toBeLessThan(1.1);
    x.dispose();
  });

  it('refuses a batch that does not fit, and names the largest that does', () => {
    const argsOf = (batch: number) => [tf.zeros<tf.Rank.R2>([4, 100 * batch])] as [tf.Tensor];
    const before = tf.memory().numTensors;
    const room = estimateMemory(step, ...argsOf(7)).neededBytes;
    expect(requireMemory(step, argsOf, 7, room).neededBytes).toBe(room);
    expect(() => requireMemory(step, argsOf, 64, room)).toThrow(
      /a step of batch 64 needs 0\.2 GiB more, .* batch 7 fits/,
    );
    expect(() => requireMemory(step, argsOf, 64, 1000)).toThrow(/not even a batch of 1 fits/);
    expect(tf.memory().numTensors).toBe(before + 1); // the one of this test's own estimate
  });
});
