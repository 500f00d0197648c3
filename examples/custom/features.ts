/**
 * A backbone's features into a classical classifier: logistic regression over the means of its deepest map. `photos` has a folder of
 * images for each class. `node examples/custom/features.ts photos efficientnet-lite0`, Node >= 22.18; 'random' for untrained weights.
 */
import * as tf from '@tensorflow/tfjs';
import { createEfficientNet, loadWeights, normalizeImages, openData, ready, transforms, uploadImages } from 'espalier';

const SIDE = 224;
const [root = 'photos', weights = 'efficientnet-lite0'] = process.argv.slice(2);
await ready();
const backbone = createEfficientNet({ arch: 'tf_efficientnet_lite0', levels: ['P5'], frozen: 'all', seed: 1 });
if (weights !== 'random') await loadWeights(backbone, weights);
const data = await openData({ kind: 'folders', root }, 'labels', { split: 'train' });
if (!data) throw new Error(`${root} has no images`);

/** [C] of every image, and its class. */
const rows: { readonly features: Float32Array; readonly label: number }[] = [];
const { mean, std } = backbone.preprocessing;
for await (const { image, truth } of data) {
  const laid = transforms.letterbox(image, [SIDE, SIDE], [...mean]);
  const features = tf.tidy(() => {
    const pixels = normalizeImages(uploadImages(laid.data, [1, SIDE, SIDE, 3]), mean, std);
    return tf.mean(backbone.forward(pixels, { training: false }).P5, [0, 1, 2]);
  });
  rows.push({ features: (await features.data()) as Float32Array, label: truth.labels[0] ?? 0 });
  features.dispose();
}

/** Class scores of weights [K][C + 1], the last of each being its bias. */
const scoresOf = (model: readonly Float64Array[], features: Float32Array): number[] => {
  const logits = model.map((row) => features.reduce((sum, value, i) => sum + value * (row[i] ?? 0), row.at(-1) ?? 0));
  const exponents = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return exponents.map((value) => value / exponents.reduce((a, b) => a + b));
};
const { classes } = data.labels;
const model = classes.map(() => new Float64Array((rows[0]?.features.length ?? 0) + 1));
for (let epoch = 0; epoch < 100; epoch++) {
  for (const { features, label } of rows) {
    const scores = scoresOf(model, features);
    for (const [k, row] of model.entries()) {
      const step = 0.01 * ((k === label ? 1 : 0) - (scores[k] ?? 0));
      for (const [i, value] of features.entries()) row[i] = (row[i] ?? 0) + step * value;
      row[features.length] = (row[features.length] ?? 0) + step;
    }
  }
}
const right = rows.filter(({ features, label }) => {
  const scores = scoresOf(model, features);
  return scores.indexOf(Math.max(...scores)) === label;
});
console.log(
  `${right.length} of ${rows.length} images of ${classes.map(({ name }) => name).join(', ')} are told by their features`,
);
