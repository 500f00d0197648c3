import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { EngineError } from '../../engine/errors.js';
import { offTape, requireKnownTfjs, watchingKernels, watchingVariables } from '../../engine/tfjs.js';

const root = new URL('../../engine', import.meta.url).pathname;

it('refuses a tfjs of another version, naming both and the remedy', () => {
  expect(() => requireKnownTfjs()).not.toThrow();
  expect(() => requireKnownTfjs('4.22.9')).not.toThrow();
  expect(() => requireKnownTfjs('4.23.0')).toThrow(EngineError);
  expect(() => requireKnownTfjs('5.0.0')).toThrow(/5\.0\.0 .* written for 4\.22: npm install @tensorflow\/tfjs@4\.22/);
});

it('refuses a tfjs whose engine lacks what is replaced', () => {
  const { runKernelFunc: _, ...rest } = {
    ...Object.fromEntries(
      ['moveData', 'makeVariable', 'gradients', 'trackTensor', 'disposeTensor'].map((n) => [n, () => {}]),
    ),
    runKernelFunc: null,
  };
  expect(() => requireKnownTfjs('4.22.0', rest)).toThrow('its engine has no runKernelFunc');
});

it('puts every replaced function back, also where the work throws', () => {
  const { runKernelFunc, makeVariable } = tf.engine() as unknown as Record<string, unknown>;
  const seen: object[] = [];
  const sum = watchingKernels(
    (inputs) => seen.push(inputs),
    () => tf.tidy(() => tf.add(1, 2).dataSync()[0]),
  );
  expect(sum).toBe(3);
  expect(seen).toHaveLength(1);
  const refuse = () => {
    throw new Error('refused');
  };
  expect(() => watchingVariables(refuse, () => tf.variable(tf.scalar(1)))).toThrow('refused');
  const after = tf.engine() as unknown as Record<string, unknown>;
  expect([after.runKernelFunc, after.makeVariable]).toEqual([runKernelFunc, makeVariable]);
});

it('hides what runs off the tape from gradients: d/dx (x^2 + c(x^2)) = 2x', () => {
  const gradient = tf.grad((x) =>
    tf.add(
      tf.square(x),
      offTape(() => tf.square(x)),
    ),
  );
  expect(gradient(tf.scalar(3)).dataSync()[0]).toBe(6);
});

it('is the only file of the engine that knows the inside of tfjs', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const inside =
    /engine(\(\))?( as unknown as| *\.state\b)|engine\.\w+ = |kernelDepth|activeTape|Object\.(assign|defineProperty)\((tf\.)?engine/;
  const knowing = files.filter((file) => inside.test(readFileSync(join(root, file), 'utf8')));
  expect(knowing).toEqual(['tfjs.ts']);
});
