import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createClassifier, scaleEfficientNet } from '../../../backbones/index.js';
import { createRandom } from '../../../engine/random.js';
import { loadFile } from '../../../pretrained/load.js';
import { exportStateDict, loadStateDict } from '../../../pretrained/stateDict.js';
import type { HostTensor } from '../../../weights/hostTensor.js';
import { heldTensor, type LazyTensor, type WeightedLayer, type WeightsFile } from '../../../weights/weightsFile.js';

const ARCH = scaleEfficientNet({ width: 0.25, depth: 0.25, resolution: 64 });
const EPSILON = 1e-3;
const create = (seed: number) => createClassifier({ arch: ARCH, classes: 3, frozen: 'all', seed });

/** A network whose norms do something. */
async function source() {
  const network = create(4);
  const random = createRandom([4]);
  const state = [...(await exportStateDict(network))].map(([name, tensor]): [string, HostTensor] => {
    if (tensor.shape.length !== 1) return [name, tensor];
    const data = Float32Array.from(tensor.data as Float32Array, (value) => value + random.next() / 2);
    return [name, { ...tensor, data }];
  });
  loadStateDict(network, new Map(state), { partial: false });
  return { network, state: new Map(state) };
}

/** What torch.onnx leaves of a network: norms folded into convolutions, whose tensors it numbers; others keep their names. */
function exported(state: ReadonlyMap<string, HostTensor>, { named, paths }: { named: boolean; paths: boolean }) {
  const tensors = new Map<string, LazyTensor>();
  const layers: WeightedLayer[] = [];
  const names = [...state.keys()];
  const values = (name: string): Float32Array => state.get(name)?.data as Float32Array;
  const folded = new Set<string>();
  for (const [i, name] of names.entries()) {
    const { shape, data } = state.get(name) as HostTensor;
    if (folded.has(name)) continue;
    const path = name.slice(0, name.lastIndexOf('.'));
    const norm = names[i + 4]?.endsWith('.running_var') ? names[i + 1]?.replace(/\.weight$/, '') : undefined;
    if (shape.length < 2 || norm === undefined) {
      tensors.set(name, heldTensor({ dtype: 'F32', shape, data }));
      if (shape.length >= 2) layers.push(layerOf(name, `${path}.bias`, path));
      continue;
    }
    const scale = values(`${norm}.weight`).map((w, c) => w / Math.sqrt(values(`${norm}.running_var`)[c]! + EPSILON));
    const size = data.length / scale.length;
    const weight = Float32Array.from(data as Float32Array, (value, k) => value * scale[Math.floor(k / size)]!);
    const bias = values(`${norm}.bias`).map((b, c) => b - values(`${norm}.running_mean`)[c]! * scale[c]!);
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) folded.add(`${norm}.${part}`);
    const own = named ? name : `onnx::Conv_${i}`;
    tensors.set(own, heldTensor({ dtype: 'F32', shape, data: weight }));
    tensors.set(`${own}_bias`, heldTensor({ dtype: 'F32', shape: [bias.length], data: bias }));
    layers.push(layerOf(own, `${own}_bias`, path));
  }
  function layerOf(weight: string, bias: string, path: string): WeightedLayer {
    const places = { input: '', output: '', path: paths ? path : null };
    return { kind: 'convolution', axes: 'pytorch', weight, bias, ...places };
  }
  return { format: 'onnx', tensors, metadata: {}, layers } satisfies WeightsFile;
}

describe('a graph of which the norms were folded into the convolutions', () => {
  it.each([
    ['with names of their own, as the exporter of torch.export leaves them', { named: true, paths: false }, 0],
    [
      'with paths of their modules, as the older exporter leaves them, in another order',
      { named: false, paths: true },
      1,
    ],
    ['in the order of computing alone', { named: false, paths: false }, 0],
  ])('gives the network that it was made of: %s', async (_, how, turn) => {
    const { network, state } = await source();
    const file = exported(state, how);
    const layers = [...file.layers.slice(turn), ...file.layers.slice(0, turn)];
    const target = create(9);
    const { missing, reshaped, unexpected, scheme } = loadFile(target, { ...file, layers }, 'net.onnx');
    expect([missing, reshaped, unexpected, scheme]).toEqual([[], [], [], 'graph']);
    tf.tidy(() => {
      const images = tf.randomUniform<tf.Rank.R4>([1, 64, 64, 3], -1, 1, 'float32', 5);
      const [found, expected] = [target, network].map(({ forward }) =>
        forward(images, { training: false }).dataSync<'float32'>(),
      ) as [Float32Array, Float32Array];
      const spread = Math.max(...expected.map(Math.abs));
      const difference = Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)));
      expect(difference / spread).toBeLessThan(1e-5); // float32 scales
    });
    for (const { dispose } of [network, target]) dispose();
  });

  it('says what to export instead when its layers follow each other in another order', async () => {
    const { network, state } = await source();
    const file = exported(state, { named: false, paths: false });
    const target = create(9);
    const loading = () => loadFile(target, { ...file, layers: file.layers.toReversed() }, 'net.onnx');
    expect(loading).toThrow(
      /in another order than those of the network: save .* torch\.save\(model\.state_dict\(\), file\)/,
    );
    for (const { dispose } of [network, target]) dispose();
  });
});
