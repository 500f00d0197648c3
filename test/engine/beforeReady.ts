import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { createClassifier } from '../../backbones/index.js';
import { compile } from '../../engine/compile.js';
import { type EngineName, ready } from '../../engine/engine.js';
import { EngineError } from '../../engine/errors.js';
import { withoutValues } from '../../engine/shapes/shapes.js';
import { loadStateDict } from '../../pretrained/stateDict.js';
import '../../engine/tensorflow/tensorflow.js';

/** A process that uses tensors before an engine is open, after they are disposed, and on another engine: FOLDER ENGINE OTHER. */
const [, , folder = '', engine = '', other = ''] = process.argv;
const own = (name: string): EngineName => name as EngineName;
const network = () => createClassifier({ arch: 'squeezenet1_1', classes: 2, frozen: 'none', seed: 1 });
const images = (): tf.Tensor4D => tf.zeros([1, 64, 64, 3]);

async function attempt(what: string, use: () => unknown): Promise<void> {
  let answer: string;
  try {
    await use();
    answer = 'works';
  } catch (error) {
    answer = error instanceof EngineError ? error.message : `not typed: ${error}`;
  }
  console.log(`${what}: ${answer.replaceAll(join(folder, '/'), '')}`);
}

/** The host's own handlers, one from before and one that comes while the engine opens. */
const survived: string[] = [];
process.on('uncaughtException', (error) => survived.push(error.message));
const handlers = () =>
  (['uncaughtException', 'unhandledRejection'] as const).map((event) => process.listenerCount(event));

await attempt('before: a tensor', () => tf.zeros([2]));
await attempt('before: an operation', () => tf.add(1, 2));
await attempt('before: a model', network);
await attempt('before: compile', () => compile((x: tf.Tensor) => x));
await attempt('before: shapes alone', () => withoutValues(() => network().dispose()));
await attempt('before: a tensor after shapes', () => tf.zeros([2]));
const opening = [ready({ engine: own(engine) }), ready(), ready({ engine: own(engine) })];
process.on('unhandledRejection', () => undefined);
await attempt('not awaited: a model', network);
console.log(`opened: ${(await Promise.all(opening)).map((info) => info.engine === engine)}`);
console.log(`handlers of the host: ${handlers()}`);

const made = network();
const answer = compile((x: tf.Tensor4D) => made.forward(x, { training: false }), { name: 'answer', log: () => {} });
const double = compile((x: tf.Tensor) => tf.mul(x, 2), { name: 'double' });
await attempt('alive: a model', () => made.forward(images(), { training: false }));
await attempt('alive: compiled', () => answer.async(images()));
double.dispose();
await attempt('disposed: compiled', () => double(tf.scalar(1)));
await attempt('disposed: compiled, called async', () => double.async(tf.scalar(1)));
await ready({ engine: own(other) });
console.log(`second engine: ${tf.getBackend() === other}`);
await attempt('other engine: a model of the first', () => made.forward(images(), { training: false }));
await attempt('other engine: compiled of the first', () => answer(images()));
await attempt('other engine: a new model', () => network().forward(images(), { training: false }));
await attempt('other engine: ready again', async () => {
  if ((await ready()).engine !== other) throw new Error('it was changed');
});
await attempt('other engine: one that is not here', () => ready({ engine: 'webgl' }));
await attempt('other engine: and then a tensor', () => tf.zeros([2]));
await ready({ engine: own(engine) });
await attempt('first engine again: its model', () => made.forward(images(), { training: false }));
made.dispose();
await attempt('disposed: a model', () => made.forward(images(), { training: false }));
await attempt('disposed: compiled of a model', () => answer(images()));
await attempt('disposed: weights', () => loadStateDict(made, new Map(), { partial: true }));
setTimeout(() => {
  throw new Error('a bug of the host');
}, 1);
setTimeout(() => console.log(`survived: ${survived}`), 50);
