/** The process that webgpu.test.ts starts where the package `webgpu` is: one request as its argument, one line as its answer. */
import * as tf from '@tensorflow/tfjs';
import { ready } from '../../../engine/engine.js';
import '../../../engine/webgpu/dawn.js';
import type { BackboneGolden } from '../../backbones/compareRecord.js';
import { runNetwork } from '../../browser/network.js';
import { createSmallDetector, trainSteps } from '../../browser/scenario.js';
import { golden } from '../../data.js';

const WORK = {
  network: (name: string) => runNetwork(name, golden<BackboneGolden>(`backbones/${name}.json.gz`), [3]),
  training: async () => {
    const detector = createSmallDetector();
    const losses = await trainSteps(detector, 0, 2);
    detector.dispose();
    return { losses, tensors: tf.memory().numTensors };
  },
  reading: async () => {
    const sum = tf.sum(tf.ones([64, 64]));
    try {
      return sum.dataSync()[0];
    } catch (error) {
      return [(error as Error).message, ...(await sum.data())];
    }
  },
};

const [work, name = ''] = process.argv.slice(2);
const info = await ready({ engine: 'webgpu' });
console.log(JSON.stringify({ info, result: await WORK[work as keyof typeof WORK](name) }));
