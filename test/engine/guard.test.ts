import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { runModule } from '../process.js';

const BEFORE = 'no engine is open yet: `await ready()` before the first tensor, model or compiled function';
const DISPOSED = 'a tensor or variable was disposed and is used: make it, or its model, anew';

test('before ready(), after dispose and on another engine tensors, models and compiled functions are EngineErrors, and the host keeps its own handlers', async () => {
  const [engine, other] = tf.getBackend() === 'wasm' ? ['wasm', 'cpu'] : ['tensorflow', 'wasm'];
  const file = fileURLToPath(new URL('./beforeReady.ts', import.meta.url));
  const { status, out, err } = await runModule(file, [engine, other]);
  const stranger = `a tensor or variable that was made on the ${engine} engine is used on the ${other} engine: \`ready()\` once, before the first model, or make them anew after it`;
  const strangerThere = stranger.replace(
    /on the (\w+) engine is used on the (\w+)/,
    'on the $2 engine is used on the $1',
  );
  expect(
    out
      .trimEnd()
      .split('\n')
      .filter((line) => !/^(=*|Hi, looks like you.*)$/.test(line)),
    err,
  ).toEqual([
    `before: a tensor: ${BEFORE}`,
    `before: an operation: ${BEFORE}`,
    `before: a model: ${BEFORE}`,
    `before: compile: ${BEFORE}`,
    'before: shapes alone: works',
    `before: a tensor after shapes: ${BEFORE}`,
    `not awaited: a model: ${BEFORE}`,
    'opened: true,true,true',
    'handlers of the host: 1,1',
    'alive: a model: works',
    'alive: compiled: works',
    'disposed: compiled: double was disposed: compile it anew',
    'disposed: compiled, called async: double was disposed: compile it anew',
    'second engine: true',
    `other engine: a model of the first: ${stranger}`,
    // a graph takes its arguments to its own engine, a function that runs op by op to the one that is open
    `other engine: compiled of the first: ${engine === 'tensorflow' ? strangerThere : stranger}`,
    'other engine: a new model: works',
    'other engine: ready again: works',
    "other engine: one that is not here: the webgl engine runs in a browser only, and this is none: open the wasm engine (await ready({ engine: 'wasm' })), which computes everywhere",
    'other engine: and then a tensor: works',
    'first engine again: its model: works',
    `disposed: a model: ${DISPOSED}`,
    `disposed: compiled of a model: ${DISPOSED}`,
    "disposed: weights: 'features.0.weight' was disposed, and its module with it: make the module anew",
    'survived: a bug of the host',
  ]);
  expect(status).toBe(0);
});
