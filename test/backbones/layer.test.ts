import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { createBackbone, createEfficientNet, scaleEfficientNet } from '../../backbones/index.js';
import { asLayer } from '../../backbones/layer.js';
import { ConfigError, ShapeError } from '../../engine/errors.js';
import { createRandom } from '../../engine/random.js';

const ARCH = 'tf_efficientnet_lite0';
afterEach(() => tf.disposeVariables());

const random = createRandom([5]);
const picture = (count: number, side: number, channels = 3) =>
  tf.tensor4d(
    Float32Array.from({ length: count * side * side * channels }, () => random.normal()),
    [count, side, side, channels],
  );
const backboneOf = (options = {}) =>
  createEfficientNet({ arch: ARCH, levels: ['P1', 'P2'], frozen: 'none', seed: 3, ...options });

/** A classifier of two classes on the deeper of two maps. */
function classifier(layer: tf.layers.Layer) {
  const input = tf.input({ shape: [null, null, 3] });
  const [, deep] = layer.apply(input) as tf.SymbolicTensor[];
  const pooled = tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }).apply(deep as tf.SymbolicTensor);
  const output = tf.layers.dense({ units: 2, activation: 'softmax', name: 'top' }).apply(pooled) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}

/** Through a handler of tf.io, as to a file and back. */
async function savedAndLoaded(model: tf.LayersModel): Promise<tf.LayersModel> {
  let kept: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      kept = artifacts;
      return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
    }),
  );
  const text = JSON.stringify(kept?.modelTopology); // what a model.json would hold
  return tf.loadLayersModel(tf.io.fromMemory({ ...kept, modelTopology: JSON.parse(text) }));
}

describe('a backbone as a layer', () => {
  it('gives the maps of the backbone, with their shapes known before', () => {
    const backbone = backboneOf();
    const layer = asLayer(backbone);
    expect(layer.computeOutputShape([null, 33, 48, 3])).toEqual([
      [null, 17, 24, 16],
      [null, 9, 12, 24],
    ]);
    expect(layer.computeOutputShape([null, null, 48, 3])[1]).toEqual([null, null, 12, 24]);
    const images = picture(2, 33);
    const maps = layer.apply(images) as tf.Tensor[];
    const expected = backbone.forward(images, { training: false });
    expect(maps.map(({ shape }) => shape)).toEqual([expected.P1.shape, expected.P2.shape]);
    expect(maps[1]?.dataSync()).toEqual(expected.P2.dataSync());
  });

  it('with one level gives one map, in a model with a fixed size', () => {
    const layer = asLayer(backboneOf({ levels: ['P2'] }), 'eyes');
    const model = tf.sequential();
    model.add(tf.layers.inputLayer({ inputShape: [32, 40, 3] }));
    model.add(layer);
    expect(model.outputShape).toEqual([null, 8, 10, 24]);
    expect(layer.weights.map(({ originalName }) => originalName)).toContain('eyes/conv_stem.weight');
    expect(model.countParams()).toBe(
      [...layer.weights].reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0),
    );
  });

  it('refuses images of other channels', () => {
    expect(() => asLayer(backboneOf()).apply(tf.input({ shape: [32, 32, 4] }))).toThrow(ShapeError);
  });

  it('trains with its model: weights and statistics move, frozen ones do not', async () => {
    const backbone = backboneOf({ frozen: ['conv_stem', 'bn1'], dropPath: 0.2 });
    const model = classifier(asLayer(backbone));
    const value = (name: string) => backbone.parameters.get(name)?.variable.dataSync().slice();
    const names = ['conv_stem.weight', 'bn1.running_mean', 'blocks.1.0.conv_pw.weight', 'blocks.1.0.bn1.running_mean'];
    const before = names.map(value);
    model.compile({ optimizer: tf.train.sgd(0.05), loss: 'categoricalCrossentropy' });
    const labels = tf.oneHot(tf.tensor1d([0, 1, 0, 1], 'int32'), 2);
    const { history } = await model.fit(picture(4, 32), labels, { epochs: 6, verbose: 0, shuffle: false });
    const losses = history.loss as number[];
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    const moved = names.map((name, i) => JSON.stringify(value(name)) !== JSON.stringify(before[i]));
    expect(moved).toEqual([false, false, true, true]);
  });

  it('is not trained when the layer is not, batch norm included', async () => {
    const backbone = backboneOf();
    const layer = asLayer(backbone);
    layer.trainable = false;
    const model = classifier(layer);
    const all = () => [...backbone.parameters.values()].flatMap(({ variable }) => [...variable.dataSync()]);
    const before = all();
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    await model.fit(picture(2, 32), tf.oneHot(tf.tensor1d([0, 1], 'int32'), 2), { epochs: 1, verbose: 0 });
    expect(all()).toEqual(before);
  });

  it('is saved and loaded with its model: settings, weights and answers', async () => {
    const backbone = backboneOf({ frozen: 'P1', preprocessing: { channels: 'RGB', mean: [1, 2, 3], std: [4, 5, 6] } });
    for (const { variable, role } of backbone.parameters.values()) {
      if (role === 'statistic') variable.assign(tf.add(variable, 0.25)); // statistics travel, too
    }
    const model = classifier(asLayer(backbone, 'features'));
    const loaded = await savedAndLoaded(model);
    const images = picture(2, 40);
    expect((loaded.predict(images) as tf.Tensor).dataSync()).toEqual((model.predict(images) as tf.Tensor).dataSync());
    const layer = loaded.getLayer('features');
    expect(layer.getConfig()).toEqual(model.getLayer('features').getConfig());
    expect(layer.trainableWeights).toHaveLength(model.getLayer('features').trainableWeights.length);
    expect(await savedAndLoaded(loaded)).toBeInstanceOf(tf.LayersModel);
  });

  it('is freed with its model', () => {
    const before = tf.memory().numTensors;
    const layer = asLayer(backboneOf());
    const model = classifier(layer);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('cannot be saved when no name stands for its architecture, nor loaded from damaged settings', () => {
    const arch = scaleEfficientNet({ width: 0.5, depth: 0.5, resolution: 64 });
    const layer = asLayer(createBackbone({ arch, levels: ['P1'], frozen: 'all', seed: 1 }));
    expect(() => layer.getConfig()).toThrow(ConfigError);
    const { classNameMap } = tf.serialization.SerializationMap.getMap();
    const [made, fromConfig] = classNameMap.EspalierBackbone ?? [];
    const load = (name: string) => fromConfig?.(made as never, { backbone: { name } });
    expect(() => load('{')).toThrow(/it is damaged/);
    expect(() => load('{"arch":"resnet1"}')).toThrow(/backbone layer: arch: no backbone has this name; levels: /);
  });
});
