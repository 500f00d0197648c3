/**
 * Colour and depth, each with a backbone of its own; an own head, an own loss, an own loop that is stopped and continued at any step.
 * `node examples/custom/twoStream.ts two.safetensors 4`, Node >= 22.18; the second time it goes on where it stopped.
 */
import * as tf from '@tensorflow/tfjs';
import * as e from 'espalier';
import { drawBatch } from './scene.ts';

await e.ready();
const [file = 'two.safetensors', until = '4'] = process.argv.slice(2);
const stream = (inChannels: number) =>
  e.createBackbone({ arch: 'mobilenetv2_035', inChannels, levels: ['P4'], frozen: 'none', seed: inChannels });
const [colour, depth, owner] = [stream(3), stream(1), e.createParameters(1)];
const point = e.dense(owner, 'point', { inChannels: 2 * colour.features.P4.channels, outChannels: 2, frozen: false });
const model: e.TrainableModel<tf.Tensor2D, { readonly place: readonly ['float32', 1] }> = {
  ...e.joinModules({ colour, depth, head: owner }),
  preprocessing: { channels: 'RGB', mean: [128, 128, 128, 2000], std: [64, 64, 64, 1000] },
  forward: (images, pass) => {
    const [rgb, range] = tf.split(images, [3, 1], 3) as [tf.Tensor4D, tf.Tensor4D];
    const maps = tf.concat([colour.forward(rgb, pass).P4, depth.forward(range, pass).P4], 3);
    return point(tf.mean<tf.Tensor2D>(maps, [1, 2]), pass);
  },
  loss: (found, { place }) => ({ distance: e.meanLoss(tf.mean(tf.abs(tf.sub(found, place)))) }),
};
const optimizer = e.createAdamW(model.parameters);
const step = e.createTrainingStep({ model, optimizer });

for (let at = e.resumeState(file, { model, optimizer }); at < Number(until); at++) {
  const { images, targets } = drawBatch(at);
  const { losses } = await step.run(images, targets, { step: at, learningRate: 1e-3 });
  console.log(`step ${at + 1}: off by ${(await losses.total?.data())?.[0]?.toFixed(6)}`);
}
await e.saveState(file, { model, optimizer }, Number(until));
